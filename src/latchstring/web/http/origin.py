"""Who asks: the client's address, device and language.

Headers that name another address are believed only when the connection itself comes from a
configured proxy; everybody else could write them to dodge a limit.
"""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from starlette.requests import Request

from latchstring.base.origin import NOWHERE, Origin
from latchstring.web.http.language import Languages

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_BROWSERS = (
    ("Edge", re.compile(r"\bEdgA?/|\bEdgiOS/")),
    ("Opera", re.compile(r"\bOPR/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\bFirefox/|\bFxiOS/")),
    ("Chrome", re.compile(r"\bChrome/|\bCriOS/|\bHeadlessChrome/")),
    ("Safari", re.compile(r"\bSafari/")),
)
_SYSTEMS = (
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows NT\b")),
    ("Mac", re.compile(r"\bMacintosh\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)
_AGENT_READ = 512


class OriginReader(msgspec.Struct, frozen=True):
    """Reads a request's origin as the configuration allows."""

    trusted_proxies: Sequence[Network]
    languages: Languages

    def read(self, request: Request, request_id: str) -> Origin:
        """Return the origin; a client we cannot place counts as this machine."""
        headers = request.headers
        peer = request.client.host if request.client else NOWHERE.ip
        forwarded = headers.getlist("x-forwarded-for")
        return Origin(
            ip=self._client(peer, ",".join(forwarded)),
            device=device_of(headers.get("user-agent", "")),
            language=self.languages.choose(
                headers.get("x-request-language"), headers.get("accept-language")
            ),
            request_id=request_id,
            on_behalf_of=_one_address(headers.getlist("auth0-forwarded-for")),
        )

    def _client(self, peer: str, forwarded: str) -> str:
        """Walk from the peer outwards for as long as each hop is a proxy of ours."""
        address = _address(peer)
        if address is None:
            return NOWHERE.ip
        for hop in reversed([hop for hop in forwarded.split(",") if hop.strip()]):
            if not any(address in network for network in self.trusted_proxies):
                break
            further = _address(hop)
            if further is None:
                break
            address = further
        return str(address)


@lru_cache(maxsize=1024)
def device_of(user_agent: str) -> str | None:
    """Return ``Chrome on Windows`` for people; it proves nothing, whoever asks writes it."""
    agent = user_agent[:_AGENT_READ]
    browser = next((name for name, pattern in _BROWSERS if pattern.search(agent)), None)
    system = next((name for name, pattern in _SYSTEMS if pattern.search(agent)), None)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system


def _one_address(values: list[str]) -> str | None:
    """Return an address that a client names; a zone (RFC 6874) means something to it alone."""
    address = _address(values[0]) if len(values) == 1 and "%" not in values[0] else None
    return None if address is None else str(address)


@lru_cache(maxsize=1024)
def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
