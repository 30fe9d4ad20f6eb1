"""Rendered messages keep their secrets to themselves."""

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
