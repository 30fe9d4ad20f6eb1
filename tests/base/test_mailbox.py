"""Mailboxes of settings: whom mails come from and where answers go."""

import pytest

from latchstring.base.mailbox import Mailbox


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("login@acme.example", "", "login@acme.example"),
        ("Acme <login@acme.example>", "Acme", "login@acme.example"),
        ('"Acme, Inc." <login@acme.example>', "Acme, Inc.", "login@acme.example"),
        ("<login@acme.example>", "", "login@acme.example"),
        ("Ämter  <login@acme.example>", "Ämter", "login@acme.example"),
    ],
)
def test_a_mailbox_is_read(text, name, address):
    assert Mailbox.parse(text) == Mailbox(name, address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Acme",
        "a@b, c@d",
        "Acme <a@b> <c@d>",
        "a b@c.example",
        "a@@b",
        "<a@b",
        "a@bücher.example",
        "jürgen@example.com",
        "Acme\r\nBcc: mallory@evil.example <login@acme.example>",
        "Acme\0 <login@acme.example>",
        "login@acme.example\nBcc: mallory@evil.example",
    ],
)
def test_what_is_not_one_mailbox_is_refused(text):
    with pytest.raises(ValueError, match="not one email address"):
        Mailbox.parse(text)


def test_a_mailbox_knows_its_domain():
    assert Mailbox.parse("Acme <login@acme.example>").domain == "acme.example"
