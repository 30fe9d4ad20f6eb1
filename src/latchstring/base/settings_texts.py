"""Texts with a shape of their own: addresses, ids, colors, regions, paths."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from latchstring.base.mailbox import Mailbox, is_address
from latchstring.base.settings_values import refuse

_LISTEN = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})$")
_COLOR = re.compile(r"^#[0-9a-fA-F]{6}$")
_CLIENT_ID = re.compile(r"^[A-Za-z0-9._~-]{1,128}$")
CONNECTION_NAMES = ("email", "sms")

_HIGHEST_PORT = 65535
_SHORTEST_SECRET, _LONGEST_SECRET = 32, 256


def listen(text: str) -> str:
    """Read ``host:port``, an IPv6 address in brackets."""
    match = _LISTEN.match(text)
    if not match or not 1 <= int(match[2]) <= _HIGHEST_PORT:
        refuse('must be host:port, such as "127.0.0.1:8000" or "[::1]:8000"')
    return text


def network(text: str) -> IPv4Network | IPv6Network:
    """Read an address or a network, but not one that holds everybody."""
    try:
        found = ip_network(text)
    except ValueError:
        refuse('must hold addresses or networks, such as "10.0.0.0/8"')
    if found.prefixlen == 0:
        refuse("must not trust everybody: any caller could then pretend to be at any address")
    return found


def color(text: str) -> str:
    """Read ``#rrggbb``."""
    return text.lower() if _COLOR.match(text) else refuse('must be a color like "#0a7d5a"')


def client_id(text: str) -> str:
    """Read a client id: characters that no URL, header or form changes."""
    if not _CLIENT_ID.match(text):
        refuse("must be 1 to 128 of the characters A-Z a-z 0-9 . _ ~ -")
    return text


def client_secret(text: str) -> str:
    """Read a client secret; a short one could be guessed from its digest."""
    if not _SHORTEST_SECRET <= len(text) <= _LONGEST_SECRET or not text.isascii():
        refuse(f"must have {_SHORTEST_SECRET} to {_LONGEST_SECRET} characters, all of them ASCII")
    return text


def address(text: str) -> str:
    """Read a bare email address."""
    return text if is_address(text) else refuse("must be an email address")


def mailbox(text: str) -> str:
    """Read ``Name <address>`` or a bare address."""
    try:
        Mailbox.parse(text)
    except ValueError:
        refuse('must be an address, such as "Acme <login@acme.example>"')
    return text


def connection(text: str) -> str:
    """Read the name of a way in."""
    return (
        text if text in CONNECTION_NAMES else refuse(f"must hold {' or '.join(CONNECTION_NAMES)}")
    )


def region(text: str) -> str:
    """Read an ISO 3166 region that has telephone numbers."""
    # Imported here: who sends no SMS need not wait for it at every start.
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - see above

    code = text.upper()
    if code not in SUPPORTED_REGIONS:
        refuse('must hold two-letter regions with telephone numbers, such as "DE"')
    return code


def token(text: str) -> str:
    """Read a credential for a header: visible ASCII without spaces."""
    if not text.isascii() or " " in text:
        refuse("must be ASCII without spaces")
    return text


def path(text: str) -> Path:
    """Read a path; ``anchored`` makes it absolute."""
    return Path(text)


def anchored(found: Path | None, folder: Path) -> Path | None:
    """Return the path, starting at the folder unless it is absolute."""
    return None if found is None else folder / found
