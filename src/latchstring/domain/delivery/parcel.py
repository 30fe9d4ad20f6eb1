"""A rendered message, ready to hand over: a ``Mail`` or an ``Sms``.

Both are full of secrets. Their ``repr`` shows none, and ``scrubbed`` takes them out of whatever a
relay or gateway quotes back at us before it is stored or logged.
"""

import re
from dataclasses import dataclass, field

_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa1-\ud7ff\ue000-\U0010ffff]+")
"""Half a surrogate pair among them: octets that are no UTF-8, and no database takes them."""
_ENCODED = re.compile(
    r"=\?[^\s?]+\?[bq]\?[^\s?]*(?:\?=)?|(?<![\w+/=])[\w+/=]++\?=", re.ASCII | re.IGNORECASE
)
"""A piece of a header in another form (RFC 2047), its beginning or its end may be missing."""
_KEPT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as it goes over the wire, and its pieces for whoever shows it."""

    recipient: str
    sender: str
    """The envelope's sender: bounces come back here."""
    message_id: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    content: bytes = field(repr=False)
    code: str | None = field(repr=False)
    link: str | None = field(repr=False)

    @property
    def needs_utf8(self) -> bool:
        """Whether only a relay with SMTPUTF8 (RFC 6531) can carry it."""
        return not self.recipient.isascii()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """A text message."""

    recipient: str
    sender: str
    body: str = field(repr=False)
    code: str | None = field(repr=False)

    @property
    def link(self) -> None:
        """A text message never carries a link."""
        return


Parcel = Mail | Sms


def scrubbed(text: str, parcel: Parcel) -> str:
    """Return a provider's words on one short line, without the code and the link.

    A relay that refuses a mail as spam likes to quote its subject, and ours starts with the code:
    as it reads, or as it travels where the language is not all ASCII.
    """
    secrets = [secret for secret in (parcel.link, parcel.code) if secret]
    if parcel.link:
        secrets.insert(1, parcel.link.rsplit("/", 1)[-1])
    for secret in secrets:
        text = text.replace(secret, "[…]")
    text = _ENCODED.sub("[…]", text)
    return _UNPRINTABLE.sub(" ", text).strip()[:_KEPT]
