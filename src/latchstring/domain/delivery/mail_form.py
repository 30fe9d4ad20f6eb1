"""A mail with gaps: all that the mails of one application have in common, put together once.

Only code, link and times go into the gaps. The text part and the subject are encoded for each mail,
which takes microseconds. The HTML part is twenty times their size, so it is kept as it goes over
the wire, and a value is put into it as it is: that is right for a *plain* value, which is the same
in HTML, in ASCII and on any line. Whatever is not plain takes the long way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from latchstring.domain.delivery.mime import html_part, in_ascii, part_head
from latchstring.domain.delivery.templates import Form

_PLAIN = re.compile(r"[!#-%(-;=?-~]+( [!#-%(-;=?-~]+)*|")
"""Visible ASCII but for ``"``, ``&``, ``'``, ``<`` and ``>``, and single spaces between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailForm:
    """What is left to do for a mail is to fill these."""

    fields: tuple[str, ...]
    """The header fields in which nothing varies."""
    subject: Form
    text: Form
    html: Form
    html_on_the_wire: Form | None
    """The HTML part; nothing where values cannot simply be put in."""

    def html_part(self, html: str, values: Mapping[str, str]) -> bytes:
        """Return ``mime.html_part`` of the filled HTML, in a tenth of the time."""
        if self.html_on_the_wire is None or not all(map(_PLAIN.fullmatch, values.values())):
            return html_part(html)
        return self.html_on_the_wire.fill(values).encode("ascii")


def on_the_wire(html: Form, lengths: Mapping[str, int]) -> Form | None:
    """Return the HTML part with the gaps of the HTML, for plain values of these lengths.

    Nothing if that is not what ``mime.html_part`` makes of it: a line may be too long, for one.
    """
    pieces = [in_ascii(piece).replace("\n", "\r\n") for piece in html.pieces]
    pieces[0] = part_head("html", "7bit") + pieces[0]
    pieces[-1] = pieces[-1].rstrip() + "\r\n"
    form = Form(tuple(pieces), html.gaps)
    sample = {name: "x" * length for name, length in lengths.items()}
    is_right = form.fill(sample).encode() == html_part(html.fill(sample))
    return form if is_right else None
