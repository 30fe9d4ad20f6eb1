"""Where a request came from, as far as the rooms care."""

import ipaddress
from functools import lru_cache

import msgspec


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked: the address, the device in words, the language, the request's id."""

    ip: str
    device: str | None = None
    """``Chrome on Windows``, from the user agent, or nothing when it says nothing we know."""

    language: str = "en"
    request_id: str = ""
    on_behalf_of: str | None = None
    """The address that ``auth0-forwarded-for`` names. Anybody can send it: it means nothing until a
    client that may name addresses has proved itself."""

    @property
    def network(self) -> str:
        """The key limits count by: one IPv4 address, or the /64 of an IPv6 one.

        A subscriber owns a whole /64; counting its addresses singly would be no limit at all.
        """
        return _network_of(self.ip)


@lru_cache(maxsize=4096)
def _network_of(ip: str) -> str:
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


NOWHERE = Origin(ip="127.0.0.1")
"""The command line and the program itself."""
