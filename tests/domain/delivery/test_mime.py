"""The bytes of a mail, as other programs read them."""

import email
import email.policy

from hypothesis import given
from hypothesis import strategies as st

from latchstring.domain.delivery.mime import html_part, mail_bytes, text_part

LINES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=1200)
BOUNDARY = "=_0123"
TEXT = st.lists(LINES, min_size=1, max_size=6).map("\n".join)


def a_mail_of(text, html, *fields):
    return mail_bytes(fields, text=text_part(text), html=html_part(html), boundary=BOUNDARY)


def parsed(content):
    return email.message_from_bytes(content, policy=email.policy.default)


@given(TEXT, TEXT)
def test_both_parts_come_out_as_they_went_in(text, html):
    content = a_mail_of(text, html, "Subject: x")
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert content.isascii()
    first, second = parsed(content).iter_parts()
    assert first.get_content_type() == "text/plain"
    assert second.get_content_type() == "text/html"
    assert first.get_content().splitlines() == text.rstrip().splitlines()


def test_ascii_stays_readable_on_the_wire():
    content = a_mail_of("https://x.example/l/a=b\n", "<p>ä</p>")
    assert b"https://x.example/l/a=b\r\n" in content
    assert b"<p>&#228;</p>\r\n" in content
    assert content.count(b"7bit") == 2


def test_text_comes_before_html():
    content = a_mail_of("plain", "<p>rich</p>")
    assert content.index(b"text/plain") < content.index(b"text/html")
    assert content.endswith(b"--=_0123--\r\n")
