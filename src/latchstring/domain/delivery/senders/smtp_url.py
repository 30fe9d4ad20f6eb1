"""Where mail goes: ``smtp://`` or ``smtps://``, taken apart before anything is sent.

A refusal is a ``ValueError`` whose sentence never repeats a part of the URL: it holds a password.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from latchstring.base.settings_urls import is_here, smtp_url

_IMPLICIT_PORT = 465
_SUBMISSION_PORT = 587
_RELAY_PORT = 25


class Tls(StrEnum):
    """How the connection is kept private."""

    IMPLICIT = "implicit"
    """TLS from the first byte, verified (``smtps://``)."""
    REQUIRED = "required"
    """STARTTLS, verified, or no mail."""
    OPTIONAL = "optional"
    """STARTTLS where the relay offers it. Not verified: to refuse a certificate and then go on in
    clear would help nobody."""
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The relay that takes our mail."""

    host: str
    port: int
    tls: Tls
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def verified(self) -> bool:
        """Whether the relay must prove its name."""
        return self.tls in (Tls.IMPLICIT, Tls.REQUIRED)


def parse_smtp_url(url: str) -> SmtpServer:
    """Return the server that ``smtp[s]://[user:password@]host[:port][?starttls=…]`` names.

    What may stand there the settings judge, here as well as in ``config check``. TLS is required
    unless the host is this machine: neither a code nor a password travels in clear to another one.
    """
    smtp_url(url)
    parts = urlsplit(url)
    host = parts.hostname or ""
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    tls = _tls(parts, loopback=is_here(host))
    port = parts.port or _default_port(tls, signed_in=bool(username))
    return SmtpServer(host=host, port=port, tls=tls, username=username, password=password)


def _tls(parts: SplitResult, *, loopback: bool) -> Tls:
    if parts.scheme == "smtps":
        return Tls.IMPLICIT
    options = dict(parse_qsl(parts.query))
    return Tls(options.get("starttls", Tls.OPTIONAL if loopback else Tls.REQUIRED))


def _default_port(tls: Tls, *, signed_in: bool) -> int:
    if tls is Tls.IMPLICIT:
        return _IMPLICIT_PORT
    return _SUBMISSION_PORT if signed_in else _RELAY_PORT
