"""Where a URL that somebody else wrote may lead us: to the public Internet, and where allowed.

A client registered over the API names addresses that we then call. Without a guard it could have
us call what only we can reach: a metadata service, a database's port, ourselves (SSRF).
"""

import re
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]

_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_LONGEST_NAME = 253
_LOCALHOST = (ip_address("127.0.0.1"), ip_address("::1"))

# What the IANA special-purpose registries keep from the public Internet, and multicast.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")


def fault_of_url(url: str, allowed: Networks) -> str:
    """Return why a URL is not called, as far as it tells by itself; empty where nothing does.

    A name's addresses are looked at by ``is_reachable`` each time it is called.
    """
    parts = _split(url)
    if parts is None or parts.scheme != "https":
        return "must be an https URL in ASCII"
    if "@" in parts.netloc:
        return "must not hold a user or a password"
    if parts.port == 0 or "#" in url:
        return "must not have port 0 or a fragment"
    host = parts.hostname or ""
    literal = literal_of(host)
    if literal is None and ("[" in parts.netloc or not _is_name(host)):
        return "must name a host as DNS does, or an address in its usual form"
    if not _may_be_meant(host, literal, allowed):
        return "must not lead to this machine or a private network"
    return ""


def literal_of(host: str) -> Address | None:
    """Return the address that a URL's host spells in its one usual form."""
    try:
        return None if "%" in host else ip_address(host)
    except ValueError:
        return None


def is_reachable(address: Address, allowed: Networks) -> bool:
    """Tell whether we call an address: a public one, or one in the networks that are allowed."""
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv4Address):
        return not _is_special(address)
    if address in _NAT64:
        return is_reachable(IPv4Address(int(address) & 0xFFFFFFFF), ())
    if address in _SIX_TO_FOUR:
        return is_reachable(IPv4Address((int(address) >> 80) & 0xFFFFFFFF), ())
    # Mapped IPv4 (::ffff:0:0/96), unique local, link-local, multicast: all outside 2000::/3.
    return address in _GLOBAL_UNICAST and not _is_special(address)


def _is_special(address: Address) -> bool:
    return any(address in network for network in _NOT_PUBLIC)


def _may_be_meant(host: str, literal: Address | None, allowed: Networks) -> bool:
    if literal is not None:
        return is_reachable(literal, allowed)
    if host == "localhost" or host.endswith(".localhost"):
        return any(is_reachable(address, allowed) for address in _LOCALHOST)
    return True


def _split(url: str) -> SplitResult | None:
    if not _CHARACTERS.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return None
    return parts


def _is_name(host: str) -> bool:
    """Tell whether a host is a name: whatever ends in a number is an address oddly spelled."""
    labels = host.split(".")
    return (
        len(host) <= _LONGEST_NAME
        and all(map(_LABEL.fullmatch, labels))
        and not _NUMBER.fullmatch(labels[-1])
    )
