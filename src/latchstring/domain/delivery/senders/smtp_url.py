"""Where mail goes: ``smtp://`` or ``smtps://``, read and refused before anything is sent.

A refusal is a ``ValueError`` whose sentence never repeats a part of the URL: it holds a password.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

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

    TLS is required unless the host is this machine: neither a code nor a password ever travels in
    clear to another one.
    """
    parts = _split(url)
    host = parts.hostname or ""
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(username) != bool(password):
        raise ValueError("smtp_url needs both a user name and a password, or neither")
    tls = _tls(parts, loopback=_is_loopback(host))
    if not _is_loopback(host) and tls in (Tls.OPTIONAL, Tls.NEVER):
        raise ValueError(
            f"starttls={tls.value} in smtp_url could send codes in clear off this machine;"
            " use starttls=required or smtps://"
        )
    port = parts.port or _default_port(tls, signed_in=bool(username))
    return SmtpServer(host=host, port=port, tls=tls, username=username, password=password)


def _split(url: str) -> SplitResult:
    unreadable = ValueError("smtp_url must look like smtp://host:port or smtps://host:port")
    try:
        parts = urlsplit(url)
        usable = url.isprintable() and " " not in url and parts.port != 0
    except ValueError:  # its text quotes the URL
        raise unreadable from None
    if not usable or parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise unreadable
    if parts.path not in ("", "/") or parts.fragment:
        raise ValueError("smtp_url has nothing after the port but ?starttls=…")
    return parts


def _tls(parts: SplitResult, *, loopback: bool) -> Tls:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    wish = options.pop("starttls", None)
    if options:
        raise ValueError("smtp_url knows one option only, starttls")
    if parts.scheme == "smtps":
        if wish is not None:
            raise ValueError("smtps:// is TLS from the start; starttls does not go with it")
        return Tls.IMPLICIT
    if wish is None:
        return Tls.OPTIONAL if loopback else Tls.REQUIRED
    if wish not in (Tls.REQUIRED, Tls.OPTIONAL, Tls.NEVER):
        raise ValueError("starttls in smtp_url must be required, optional or never")
    return Tls(wish)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _default_port(tls: Tls, *, signed_in: bool) -> int:
    if tls is Tls.IMPLICIT:
        return _IMPLICIT_PORT
    return _SUBMISSION_PORT if signed_in else _RELAY_PORT
