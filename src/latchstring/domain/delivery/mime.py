"""The mail on the wire: headers, the text part first, then the HTML part.

Put together by hand: ``email.message`` takes a millisecond for what takes some ten microseconds
here. Lines end in CRLF and have 998 octets at most (RFC 5322 section 2.1.1).
"""

from binascii import b2a_qp
from collections.abc import Sequence

_LONGEST_LINE = 998


def mail_bytes(fields: Sequence[str], *, text: bytes, html: bytes, boundary: str) -> bytes:
    """Return the whole mail. The boundary must be one that no reader can write into a part."""
    head = [
        *fields,
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        "",
    ]
    opening = f"--{boundary}\r\n".encode()
    closing = f"--{boundary}--\r\n".encode()
    return b"".join(("\r\n".join(head).encode(), opening, text, opening, html, closing))


def text_part(text: str) -> bytes:
    """Return plain text as a part of a mail."""
    return _part("plain", text)


def html_part(html: str) -> bytes:
    """Return HTML as a part of a mail."""
    return _part("html", in_ascii(html))


def in_ascii(html: str) -> str:
    """Spell letters beyond ASCII as references: HTML then needs no encoding that breaks links."""
    return html.encode("ascii", "xmlcharrefreplace").decode()


def _part(subtype: str, content: str) -> bytes:
    lines = content.rstrip().splitlines()
    body = "\r\n".join([*lines, ""])
    if body.isascii() and max(map(len, lines), default=0) <= _LONGEST_LINE:
        return part_head(subtype, "7bit").encode() + body.encode()
    return part_head(subtype, "quoted-printable").encode() + b2a_qp(body.encode(), istext=True)


def part_head(subtype: str, encoding: str) -> str:
    """Return the header fields of a part, up to its first line."""
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
