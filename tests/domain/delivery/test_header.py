"""Header fields: what goes in comes out at the other end, and nothing else."""

import email
import email.policy
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.mailbox import Mailbox
from latchstring.domain.delivery.header import address_field, text_field, token_field

PRINTABLE = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=120
)
CONTROLS = ["\r\nBcc: mallory@evil.example", "\n x", "\r", "\0", "\x7f", "\x85", "\u2028"]


def parsed(field):
    return email.message_from_string(f"{field}\r\n\r\n", policy=email.policy.compat32)


@given(PRINTABLE)
def test_a_subject_survives_the_journey(text):
    field = text_field("Subject", text)
    assert all(len(line) <= 78 or " " not in line.strip() for line in field.split("\r\n"))
    message = parsed(field)
    assert message.keys() == ["Subject"]
    assert str(make_header(decode_header(message["Subject"]))).split() == text.split()


@given(PRINTABLE)
def test_a_display_name_survives_the_journey(name):
    field = address_field("From", Mailbox(name.strip(), "login@acme.example"))
    assert field.isascii()
    message = parsed(field)
    assert message.keys() == ["From"]
    ((written, address),) = getaddresses([message["From"]])
    assert address == "login@acme.example"
    assert str(make_header(decode_header(written))).split() == name.split()


@pytest.mark.parametrize("attack", CONTROLS, ids=repr)
def test_s13_a_control_character_never_gets_into_a_header(attack):
    for write in (
        lambda: text_field("Subject", f"Acme{attack}"),
        lambda: token_field("X-Entity-Ref-ID", f"abc{attack}"),
        lambda: address_field("From", Mailbox(f"Acme{attack}", "login@acme.example")),
        lambda: address_field("To", Mailbox("", f"alice@example.com{attack}")),
    ):
        with pytest.raises(ValueError, match=r"control|ASCII"):
            write()


@given(st.text(st.characters(categories=("Cc", "Zl", "Zp")), min_size=1), st.text(), st.text())
def test_s13_no_text_with_a_control_character_passes(bad, before, after):
    with pytest.raises(ValueError, match="control"):
        text_field("Subject", before + bad + after)


def test_text_that_looks_encoded_is_encoded():
    field = text_field("Subject", "=?utf-8?B?QmNj?= is not an encoded word")
    assert str(make_header(decode_header(parsed(field)["Subject"]))).startswith("=?utf-8?B?QmNj?=")


def test_no_encoded_word_is_cut_inside_a_letter():
    field = text_field("Subject", "😀" * 60)
    assert all(len(line) <= 78 for line in field.split("\r\n"))
    for word in field.removeprefix("Subject:").split():
        decode_header(word)[0][0].decode("utf-8")


def test_a_token_is_ascii():
    with pytest.raises(ValueError, match="Content-Language takes ASCII only"):
        token_field("Content-Language", "ä")
