"""Texts with a shape of their own: addresses, ids, colors, regions, paths."""

import json
import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from latchstring.base.mailbox import Mailbox, is_address
from latchstring.base.settings_values import Reader, optional, refuse

_LISTEN = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})$")
_COLOR = re.compile(r"^#[0-9a-fA-F]{6}$")
_CLIENT_ID = re.compile(r"^[A-Za-z0-9._~-]{1,128}$")
CONNECTION_NAMES = ("email", "sms")


class GrantType(StrEnum):
    """What an application may bring to the token endpoint."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant (RFC 6749), no token
    CLIENT_CREDENTIALS = "client_credentials"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    PASSWORDLESS_OTP = "http://auth0.com/oauth/grant-type/passwordless/otp"


GRANT_TYPES = tuple(grant.value for grant in GrantType)
RESPONSE_TYPES = (
    "code",
    "token",
    "id_token",
    "id_token token",
    "code token",
    "code id_token",
    "code id_token token",
)
"""Words in the order of the alphabet, as ``response_type`` is a set of them."""

OIDC_SCOPES = ("openid", "profile", "email", "phone", "offline_access")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")
_AUDIENCE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+"
)

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


def grant_type(text: str) -> GrantType:
    """Read a grant type."""
    return GrantType(text) if text in GRANT_TYPES else refuse(f"must hold {', '.join(GRANT_TYPES)}")


def response_type(text: str) -> str:
    """Read a response type; its words may stand in any order."""
    words = " ".join(sorted(text.split()))
    return words if words in RESPONSE_TYPES else refuse(f"must hold {', '.join(RESPONSE_TYPES)}")


def scope(text: str) -> str:
    """Read one scope of an API (RFC 6749 section 3.3)."""
    if text in OIDC_SCOPES:
        refuse(f"must not hold {text}: OpenID Connect has it")
    return text if _SCOPE.fullmatch(text) else refuse("must hold words without spaces or quotes")


def audience(text: str) -> str:
    """Read an API's identifier: an absolute URI, which nothing needs to answer at."""
    if not _AUDIENCE.fullmatch(text):
        refuse('must be an absolute URI, such as "https://api.acme.example/"')
    return text


def jwks(text: str) -> str:
    """Read a JSON Web Key Set of public keys (RFC 7517 section 5)."""
    try:
        keys = json.loads(text)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        refuse('must be a JSON Web Key Set, such as {"keys": [...]}')
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        refuse('must be a JSON Web Key Set, such as {"keys": [...]}')
    if any(key.keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} for key in keys):
        refuse("must hold public keys alone")
    return text


FILE = Reader("text", "a path", optional(path, "a path").parse, anchored)
"""The path of a file that need not be named."""
