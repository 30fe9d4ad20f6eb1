"""What the relay reads by hand is what the library reads."""

from email import message_from_bytes, policy

import pytest

from chaos.edges import mail
from latchstring.domain.delivery.parcel import Mail
from tests.support.delivery import a_message, a_renderer


def a_mail() -> bytes:
    parcel = a_renderer().render(a_message())
    assert isinstance(parcel, Mail)
    return parcel.content


USUAL = a_mail()
ENCODED = USUAL.replace(b"7bit\r\n\r\nSign in", b"quoted-printable\r\n\r\n=C2=A1Sign in", 1)
ANOTHER_FIRST = USUAL.replace(b"Content-Type: text/plain", b"Content-Type: text/x-plain", 1)


def by_the_library(raw: bytes) -> tuple[str, list[str]]:
    whole = message_from_bytes(raw, policy=policy.default)
    part = whole.get_body(("plain",))
    return whole["Message-ID"], part.get_content().split() if part else []


@pytest.mark.parametrize("raw", [USUAL, ENCODED, ANOTHER_FIRST])
def test_mails_are_read_as_the_library_reads_them(raw):
    message_id, text = mail._read(raw)

    assert (message_id, text.split()) == by_the_library(raw)


def test_the_usual_mail_does_not_take_the_long_way(monkeypatch):
    monkeypatch.setattr(mail, "message_from_bytes", None)

    message_id, text = mail._read(USUAL)

    assert message_id.startswith("<")
    assert "Enter this code" in text
