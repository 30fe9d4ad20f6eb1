"""The eight rules of the product, each walked through in a browser.

The server is a process of its own, the mail goes over SMTP, the text messages over HTTP, and the
application is an OpenID client that knows nobody itself.
"""

import re
from collections.abc import Iterator

import pytest

from tests.journeys.conftest import a_server_and_its_application
from tests.support.browsing import fresh_email, requested
from tests.support.places import POSTGRESQL, SQLITE
from tests.support.server import Server


@pytest.fixture(scope="module", params=[SQLITE, POSTGRESQL])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return a server that keeps the rules on either database."""
    folder = tmp_path_factory.mktemp("server")
    if request.param == SQLITE:
        with a_server_and_its_application(folder) as found:
            yield found
        return
    with (
        request.getfixturevalue("postgresql").a_database() as url,
        a_server_and_its_application(folder, database=url) as found,
    ):
        yield found


def test_r1_an_email_address_registers_and_later_signs_in_without_a_password(
    open_browser, server, alice, scripts
):
    window = open_browser(scripts=scripts)
    window.open_app()
    assert window.page.locator("input[type=password]").count() == 0
    window.give_email(alice).shows("Check your email")
    assert window.page.locator("input[type=password]").count() == 0
    window.enter(server.mail.wait_for(alice).code).is_signed_in_as(alice)
    registered = window.sub()
    assert registered.startswith("email|")
    window.press("Sign out").shows("Hello, stranger.")
    window.ask(alice).enter(server.mail.wait_for(alice, count=2).code).is_signed_in_as(alice)
    assert window.sub() == registered


def test_r1_a_mobile_number_registers_and_later_signs_in_without_a_password(
    open_browser, server, number, scripts
):
    window = open_browser(scripts=scripts)
    window.ask_by_phone(number)
    assert window.page.locator("input[type=password]").count() == 0
    window.enter(server.sms.wait_for(number).code).is_signed_in_as(number)
    registered = window.sub()
    assert registered.startswith("sms|")
    window.press("Sign out").shows("Hello, stranger.")
    window.ask_by_phone(number)
    window.enter(server.sms.wait_for(number, count=2).code).is_signed_in_as(number)
    assert window.sub() == registered


def test_r2_a_mail_carries_a_link_and_a_code_and_an_sms_a_code(open_browser, server, alice, number):
    open_browser().ask(alice).says("We sent a link and a code to")
    mail = server.mail.wait_for(alice)
    assert re.fullmatch(r"\d{6}", mail.code)
    assert mail.link.startswith(f"{server.url}/l/")
    open_browser().ask_by_phone(number).says("We sent an SMS with a code to")
    text = server.sms.wait_for(number)
    assert text.body.splitlines()[-1] == f"@127.0.0.1 #{text.code}"
    assert "http" not in text.body


@pytest.mark.parametrize(("send", "words"), [("link", "a link"), ("code", "a code")])
def test_r2_the_administrator_chooses_what_a_mail_carries(
    open_timed_browser, timed, alice, send, words
):
    timed.change(send=send)
    window = open_timed_browser().ask(alice).says(f"We sent {words} to")
    message = timed.newest(alice)
    if send == "link":
        assert (message.link is not None, message.code) == (True, None)
        assert not window.code_field.is_visible()
        window.tab().goto(timed.link(alice)).is_signed_in_as(alice)
    else:
        assert (message.link, message.code is not None) == (None, True)
        window.enter(timed.code(alice)).is_signed_in_as(alice)


def test_r3_clicking_the_link_signs_in_to_the_application(open_browser, server, alice, scripts):
    window = open_browser(scripts=scripts).ask(alice)
    mailed = window.tab().goto(server.mail.wait_for(alice).link)
    if not scripts:
        mailed.press("Continue")
    mailed.is_signed_in_as(alice)


def test_r4_the_emailed_code_is_typed_back_as_a_one_time_password(
    open_browser, server, alice, scripts
):
    window = open_browser(scripts=scripts).ask(alice)
    code = server.mail.wait_for(alice).code
    window.enter(code).is_signed_in_as(alice)
    other = open_browser(scripts=scripts).ask(alice)
    other.enter(code).says("That code isn't right.")


def test_r4_the_texted_code_is_typed_back_as_a_one_time_password(
    open_browser, server, number, scripts
):
    window = open_browser(scripts=scripts).ask_by_phone(number)
    window.enter(server.sms.wait_for(number).code).is_signed_in_as(number)


def test_r5_a_lifetime_changed_while_running_is_printed_by_page_mail_and_sms(
    open_browser, server, administer, alice, number
):
    open_browser().ask(alice).says("Both work for 10 minutes.")
    assert "within 10 minutes" in server.mail.wait_for(alice).text
    administer("email", code_lifetime=240, link_lifetime=240)
    administer("sms", code_lifetime=120)
    window = open_browser().ask(alice).says("Both work for 4 minutes.")
    mail = server.mail.wait_for(alice, count=2)
    assert "within 4 minutes" in mail.text
    html = mail.message.get_body(("html",))
    assert html is not None
    assert "4 minutes" in html.get_content()
    window.enter(mail.code).is_signed_in_as(alice)
    open_browser().ask_by_phone(number).says("It works for 2 minutes.")
    refused = server.command("connections", "set", "email", "code_lifetime=30")
    assert refused.returncode != 0
    assert "60 to 600" in refused.stderr


def test_r5_code_and_link_work_until_the_lifetime_is_over_and_then_no_more(
    open_timed_browser, timed, alice
):
    timed.change(code_lifetime=60, link_lifetime=60)
    window = open_timed_browser().ask(alice).says("Both work for 1 minute.")
    timed.advance(59)
    window.enter(timed.code(alice)).is_signed_in_as(alice)
    bob = fresh_email("bob")
    window = open_timed_browser().ask(bob)
    code, link = timed.code(bob), timed.link(bob)
    timed.advance(61)
    window.tab().goto(link).shows("This link has expired").says("1 minute after we sent it")
    window.enter(code).says("That code has expired. We've sent a new one to")
    window.enter(timed.code(bob)).is_signed_in_as(bob)


def test_r6_a_forwarded_link_works_on_a_device_of_another_account(
    open_browser, server, alice, scripts
):
    laptop, phone = open_browser(scripts=scripts).ask(alice), open_browser(scripts=scripts)
    phone.goto(server.mail.wait_for(alice).link).shows("Sign in to Acme?")
    phone.press("Sign in on this device").is_signed_in_as(alice)
    assert "do not forward" not in server.mail.wait_for(alice).text.lower()
    laptop.is_signed_out()


def test_r6_a_message_read_elsewhere_is_typed_where_the_sign_in_began(
    open_browser, server, alice, number, scripts
):
    laptop, phone = open_browser(scripts=scripts).ask(alice), open_browser(scripts=scripts)
    phone.goto(server.mail.wait_for(alice).link).press("Show me the code instead")
    shown = phone.shows("Your sign-in code").page.locator("#shown").inner_text()
    assert shown == server.mail.wait_for(alice).code
    laptop.enter(shown).is_signed_in_as(alice)
    phone.is_signed_out()
    other = open_browser(scripts=scripts).ask_by_phone(number)
    other.enter(server.sms.wait_for(number).code).is_signed_in_as(number)


def test_r7_the_advice_comes_before_the_button_that_sends_again(window, alice, number):
    window.ask(alice)
    block = window.page.locator("details", has_text="Nothing arrived?")
    block.locator("summary").click()
    words = block.inner_text()
    advice = [alice, "spam or junk", "login@auth.acme.example", "a minute or two"]
    places = [words.index(text) for text in [*advice, "Send a new email"]]
    assert places == sorted(places)
    window.ask_by_phone(number)
    block.locator("summary").click()
    words = block.inner_text()
    advice = [number, "a minute or two", "signal", "Send a new SMS"]
    places = [words.index(text) for text in advice]
    assert places == sorted(places)


def test_r7_the_advice_is_a_page_of_its_own_without_scripts(open_browser, alice):
    window = open_browser(scripts=False).ask(alice)
    code_page = window.page.url
    window.goto(code_page.replace("/code", "/nothing-arrived")).shows("Nothing arrived?")
    words = window.page.locator("main").inner_text()
    assert words.index("look here first") < words.index("spam or junk")
    assert words.index("spam or junk") < words.index("Send a new email")
    window.press("Back to the code").shows("Check your email")


@pytest.mark.parametrize("chosen", range(5))
def test_r8_each_of_the_five_newest_codes_signs_in(open_browser, server, alice, chosen):
    requested(server, alice, count=4)
    window = open_browser().ask(alice)
    server.mail.wait_for(alice, count=5)
    window.enter(server.mail.to(alice)[chosen].code).is_signed_in_as(alice)


def test_r8_a_sixth_request_retires_the_first_link_and_code(open_browser, server, alice):
    window = open_browser()
    for _ in range(6):
        window.ask(alice)
    server.mail.wait_for(alice, count=6)
    first, second, *_ = server.mail.to(alice)
    open_browser().goto(first.link).shows("There is a newer email")
    window.enter(first.code).says("That code isn't right.")
    window.enter(second.code).is_signed_in_as(alice)


def test_r8_one_success_ends_all_of_them_link_and_code(open_browser, server, alice):
    requested(server, alice, count=3)
    other, window = open_browser().ask(alice), open_browser().ask(alice)
    server.mail.wait_for(alice, count=5)
    mails = server.mail.to(alice)
    window.tab().goto(mails[-1].link).is_signed_in_as(alice)
    for ended in mails:
        window.goto(ended.link).shows("This link has already been used")
        other.enter(ended.code).says("That code isn't right.")
    other.ask(alice).enter(server.mail.wait_for(alice, count=6).code).is_signed_in_as(alice)
