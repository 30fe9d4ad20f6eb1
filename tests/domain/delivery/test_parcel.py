"""Rendered messages keep their secrets to themselves."""

import binascii
import re
import time
from contextlib import suppress
from email.charset import BASE64, QP, Charset
from email.header import Header

import pytest

from latchstring.domain.delivery.parcel import scrubbed
from tests.support.delivery import a_mail, an_sms


def test_a_relay_that_quotes_the_mail_tells_the_log_nothing():
    mail = a_mail()
    assert mail.code is not None
    assert mail.link is not None
    token = mail.link.rsplit("/", 1)[1]
    said = f"554 5.7.1 spam\n: {mail.subject!r} {mail.link} /{token}?"
    kept = scrubbed(said, mail)
    assert mail.code not in kept
    assert token not in kept
    assert kept.startswith("554 5.7.1 spam : '[…] is your Acme sign-in code' […] /[…]?")


@pytest.mark.parametrize("folding", [" ", "\n", "\r\n "])
@pytest.mark.parametrize("encoding", ["b", "q"])
def test_a_relay_that_quotes_the_subject_as_it_travels_tells_the_log_nothing(encoding, folding):
    mail = a_mail()
    assert mail.code is not None
    subject = f"{mail.code}: Ihr Code für die Anmeldung bei Äpfel & Söhne, gültig zehn Minuten"
    charset = Charset("utf-8")
    charset.header_encoding = {"b": BASE64, "q": QP}[encoding]
    quoted = Header(subject, charset).encode(linesep=folding.strip(" "))
    assert quoted.count("=?") > 1
    for begin in range(len(quoted) // 2):
        for end in (len(quoted), len(quoted) - 2, len(quoted) - 10):
            kept = scrubbed(f"554 5.7.1 spam: {quoted[begin:end]}", mail)
            assert kept.startswith("554 5.7.1 spam: ")
            if begin == 0 or quoted[begin:end].count("?=") > 1:
                assert readable(kept, mail.code) == []


def readable(kept: str, code: str) -> list[str]:
    """Where the code stands, to whoever tries every piece as base64 from every place."""
    found = [kept] if code in kept else []
    for piece in re.findall(r"[\w+/=]{8,}", kept):
        for start in range(4):
            text = piece[start : start + (len(piece) - start) // 4 * 4]
            with suppress(binascii.Error):
                found += [piece] if code.encode() in binascii.a2b_base64(text) else []
    return found


def test_words_that_are_no_encoded_ones_are_kept():
    said = "550 5.1.1 Who is that? See https://relay.test/?a=b=?c (was it =?)"
    assert scrubbed(said, a_mail()) == said


def test_looking_for_encoded_words_takes_no_time():
    began = time.process_time()
    scrubbed("=?" * 50_000 + "a" * 100_000 + "=?a" * 50_000, a_mail())
    assert time.process_time() - began < 1


def test_what_is_kept_is_one_short_printable_line():
    kept = scrubbed("a\r\nb\0\x1b[31m\x7f" + "x" * 1000, an_sms())
    assert kept.startswith("a b [31m x")
    assert len(kept) == 300
    assert kept.isprintable()


def test_g01_no_repr_shows_a_secret():
    for parcel in (a_mail(), an_sms()):
        assert parcel.code is not None
        assert parcel.code not in repr(parcel)
        assert "/l/" not in repr(parcel)


def test_what_is_kept_can_be_stored_whatever_octets_the_relay_sent():
    said = b"554 n\xe4".decode(errors="surrogateescape")
    assert scrubbed(f"{said}\ud800\U0001f9c0", a_mail()).encode() == "554 n 🧀".encode()
