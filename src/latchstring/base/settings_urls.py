"""URLs in settings: what each kind may be. Refused: ``ValueError`` without the URL in its text."""

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from latchstring.base.settings_values import refuse

_URL_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z~]+")
"""What RFC 3986 allows: no spaces, quotes, angle brackets, backslashes, controls, other letters."""

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_LAST_PORT = 65_535
_DEFAULT_PORTS = {"http": 80, "https": 443}
_POSTGRESQL_SAFE = ("require", "verify-ca", "verify-full")
_POSTGRESQL_OPTIONS: dict[str, tuple[str, ...]] = {
    "host": (),
    "port": (),
    "user": (),
    "sslmode": ("disable", "prefer", *_POSTGRESQL_SAFE),
    "pooler": ("transaction",),
}
_STARTTLS = ("required", "optional", "never")
_ACTIVE_SCHEMES = re.compile(
    r"about|blob|chrome|cid|content|data|file|filesystem|ftps?|intent|jar|javascript|livescript"
    r"|mailto|mhtml|mocha|resource|sms|tel|urn|vbscript|view-source|wss?",
    re.IGNORECASE,
)
"""Schemes that run code, read files or reach somebody else than an installed application."""


def is_loopback(host: str | None) -> bool:
    """Tell whether a browser takes a host for its own machine (also names below ``localhost``)."""
    return is_here(host) or (host or "").lower().endswith(".localhost")


def is_here(host: str | None) -> bool:
    """Tell whether what we send to a host stays on this machine: ``localhost``, 127/8, ::1.

    Names below ``localhost`` are left out: a resolver may ask the network for them.
    """
    name = (host or "").strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def public_url(text: str) -> str:
    """Read the address people's browsers use, and return it without the trailing slash."""
    parts = _web(text)
    if parts.path not in ("", "/") or "?" in text or "#" in text:
        refuse("must be the root of a host, without path, query or fragment")
    return _origin_of(parts)


def origin(text: str) -> str:
    """Read scheme, host and port, as a browser sends them in ``Origin``."""
    parts = _web(text)
    if parts.path or "?" in text or "#" in text:
        refuse("must be scheme, host and port only, without a slash after them")
    return _origin_of(parts)


def origin_of(url: str) -> str | None:
    """Return the origin of an http or https URL that was read before; other schemes have none."""
    parts = urlsplit(url)
    return _origin_of(parts) if parts.scheme in _DEFAULT_PORTS else None


def web_link(text: str) -> str:
    """Read a page's or picture's address: https, or http on loopback."""
    _web(text)
    return text


def callback(text: str) -> str:
    """Read an address to return to: https, http on loopback, or an application's own scheme."""
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme) or not _URL_CHARACTERS.fullmatch(text):
        refuse("must be absolute URLs")
    if "#" in text:
        refuse("must not have a fragment")
    if scheme.lower() in ("http", "https"):
        _web(text)
    elif _ACTIVE_SCHEMES.fullmatch(scheme) or not rest.strip("/"):
        refuse("must be https, http on loopback, or an application's own scheme")
    return text


def smtp_url(text: str) -> str:
    """Read ``smtp://user:password@host:port?starttls=required`` or ``smtps://…``."""
    parts = _split(text, ("smtp", "smtps"))
    if parts.path not in ("", "/") or "#" in text:
        refuse("must have neither path nor fragment")
    if bool(parts.username) != bool(parts.password):
        refuse("must have both user and password, or neither")
    starttls = _starttls(parts)
    in_clear = parts.scheme == "smtp" and starttls in ("optional", "never")
    if in_clear and not is_here(parts.hostname):
        refuse("must not send codes in clear off loopback: use starttls=required or smtps://")
    return text


def _starttls(parts: SplitResult) -> str | None:
    options = parse_qsl(parts.query, keep_blank_values=True)
    if not options:
        return None
    if len(options) > 1 or options[0][0] != "starttls" or options[0][1] not in _STARTTLS:
        refuse("takes one option: starttls=required, optional or never")
    if parts.scheme == "smtps":
        refuse("is encrypted from the start with smtps://, so starttls does not apply")
    return options[0][1]


def gateway_url(text: str) -> str:
    """Read the address messages are posted to; loopback and private hosts are the operator's."""
    parts = _split(text, ("http", "https"))
    if parts.username is not None:
        refuse("must not hold a user: give the credential as gateway_token")
    if "#" in text:
        refuse("must not have a fragment")
    return text


def database_url(text: str) -> str:
    """Read ``sqlite:///relative``, ``sqlite:////absolute`` or ``postgresql://…/database``."""
    scheme, _, rest = text.partition("://")
    if scheme == "postgresql":
        return _postgresql(text)
    if scheme != "sqlite" or not rest.startswith("/"):
        refuse(
            'must be "sqlite:///relative/path", "sqlite:////absolute/path" or '
            '"postgresql://user:password@host:port/database"'
        )
    path = rest[1:]
    if not path or path.endswith("/") or any(mark in path for mark in "?#") or path == ":memory:":
        refuse("must name a file")
    return text


def _postgresql(text: str) -> str:
    try:
        parts = urlsplit(text)
        _port = parts.port
    except ValueError:
        refuse("must be postgresql://user:password@host:port/database")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not parts.path.removeprefix("/") or "/" in parts.path[1:] or "#" in text:
        refuse("must name one database: postgresql://user:password@host:port/database")
    unknown = sorted(options.keys() - _POSTGRESQL_OPTIONS.keys())
    if unknown:
        refuse(f"takes the options {', '.join(_POSTGRESQL_OPTIONS)}; not {', '.join(unknown)}")
    for name, choices in _POSTGRESQL_OPTIONS.items():
        if choices and name in options and options[name] not in choices:
            refuse(f"takes {name}={', '.join(choices)}")
    port = options.get("port", "1")
    if not port.isdecimal() or not 0 < int(port) <= _LAST_PORT:
        refuse(f"takes port=1 to {_LAST_PORT}")
    host = options.get("host") or parts.hostname or ""
    local = not host or host.startswith(("/", "%2F")) or is_loopback(host)
    if parts.password and not local and options.get("sslmode") not in _POSTGRESQL_SAFE:
        refuse(
            "must not send its password over the network in clear: "
            f"add sslmode={', '.join(_POSTGRESQL_SAFE)}"
        )
    return text


def is_sqlite(url: str) -> bool:
    """Whether a database URL names a SQLite file."""
    return url.startswith("sqlite:")


def database_path(url: str) -> Path:
    """Return the file that a ``sqlite:///`` URL names."""
    return Path(url.removeprefix("sqlite:///"))


def anchored_database(url: str, folder: Path) -> str:
    """Return the URL with an absolute path, starting at the folder."""
    return f"sqlite:///{folder / database_path(url)}" if is_sqlite(url) else url


def _web(text: str) -> SplitResult:
    parts = _split(text, ("http", "https"))
    if parts.username is not None:
        refuse("must not hold a user or a password")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        refuse("must be https; http is for loopback only")
    return parts


def _split(text: str, schemes: tuple[str, str]) -> SplitResult:
    wanted = f"must be {schemes[0]}:// or {schemes[1]}:// and a host"
    if not _URL_CHARACTERS.fullmatch(text):
        refuse(f"{wanted}, in ASCII (write other letters as %.. or xn--...)")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        refuse(wanted)
    if parts.scheme not in schemes or not _is_host(parts.hostname) or port == 0:
        refuse(wanted)
    return parts


def _is_host(host: str | None) -> bool:
    if not host:
        return False
    if ":" in host:
        try:
            ip_address(host)
        except ValueError:
            return False
        return "%" not in host
    return bool(_HOST.fullmatch(host)) and ".." not in host


def _origin_of(parts: SplitResult) -> str:
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    port = parts.port
    return f"{parts.scheme}://{name}" + (
        f":{port}" if port and port != _DEFAULT_PORTS[parts.scheme] else ""
    )
