"""Calls to addresses of applications: their keys, their back-channel logout.

Every call has an end, its answer a limit, and no redirect is followed; no proxy that a variable
names sees it, and certificates are checked. What the operator did not write down himself is
guarded besides: ``https`` alone, and a connection to the very address that was checked, so that no
second answer of a name server leads elsewhere (DNS rebinding).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import httpx2
import msgspec

from latchstring.base.outbound_guard import (
    Address,
    Networks,
    fault_of_url,
    is_reachable,
    literal_of,
)
from latchstring.base.trust import trust

LARGEST_ANSWER = 64 * 1024
_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 5.0
_WHOLE_SECONDS = 10.0
_ADDRESSES_TRIED = 2
_AT_ONCE = 64
_HTTPS_PORT = 443
_HEADERS = {"user-agent": "latchstring", "accept": "*/*", "accept-encoding": "identity"}
_PATIENCE = httpx2.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS).as_dict()

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a name; raises ``OSError`` where it has none."""


class OutboundError(Exception):
    """A call that brought no answer; the text names neither URL nor content."""


class OutboundRefused(OutboundError):
    """The address is none that we call, and nothing was sent."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Their names in lower case."""

    body: bytes


class Caller(Protocol):
    """Whoever calls applications."""

    async def get(self, url: str, *, trusted: bool, limit: int = LARGEST_ANSWER) -> Answer:
        """Return what the URL holds; raise ``OutboundError``."""

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, trusted: bool, limit: int = LARGEST_ANSWER
    ) -> Answer:
        """Post a form and return the answer, whatever its status; raise ``OutboundError``."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(item[4][0]) for item in found]


class _Call(msgspec.Struct, frozen=True):
    method: str
    url: str
    trusted: bool
    limit: int
    form: bytes | None = None

    def request(self, url: httpx2.URL, host: str) -> httpx2.Request:
        """Return the request to one host; the URL's name stays in ``Host`` and the handshake."""
        headers = {**_HEADERS, "host": url.netloc.decode("ascii")}
        if self.form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        return httpx2.Request(
            self.method,
            url.copy_with(host=host),
            headers=headers,
            content=self.form,
            extensions={"sni_hostname": url.host, "timeout": _PATIENCE},
        )


class Outbound:
    """Calls what a URL names; ``trusted`` are those from the operator's own file or command.

    A trusted URL may lead anywhere, also to loopback and there over ``http``.
    """

    def __init__(
        self,
        *,
        ca_file: Path | None = None,
        allowed_networks: Networks = (),
        resolve: Resolve = resolve,
        whole_seconds: float = _WHOLE_SECONDS,
    ) -> None:
        """Take more authorities, private networks that are allowed all the same, a resolver."""
        self._ca_file = ca_file
        self._allowed = tuple(allowed_networks)
        self._resolve = resolve
        self._whole_seconds = whole_seconds
        self._transport: httpx2.AsyncHTTPTransport | None = None

    async def get(self, url: str, *, trusted: bool, limit: int = LARGEST_ANSWER) -> Answer:
        """Return what the URL holds; raise ``OutboundError``."""
        return await self._answer(_Call("GET", url, trusted, limit))

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, trusted: bool, limit: int = LARGEST_ANSWER
    ) -> Answer:
        """Post a form and return the answer, whatever its status; raise ``OutboundError``."""
        content = urlencode(fields).encode("ascii")
        return await self._answer(_Call("POST", url, trusted, limit, content))

    async def close(self) -> None:
        """Close what is open."""
        if self._transport is not None:
            await self._transport.aclose()
            self._transport = None

    async def _answer(self, call: "_Call") -> Answer:
        try:
            async with asyncio.timeout(self._whole_seconds):
                url = httpx2.URL(call.url)
                hosts = [url.host] if call.trusted else await self._checked(call.url, url)
                return await self._first(call, url, hosts)
        except (TimeoutError, httpx2.TimeoutException):
            raise OutboundError("did not answer in time") from None
        except httpx2.ConnectError:
            raise OutboundError("cannot connect") from None
        except httpx2.InvalidURL:
            raise OutboundRefused("must be an https URL in ASCII") from None
        except (httpx2.HTTPError, httpx2.StreamError) as trouble:
            # The exception's own words may quote the URL.
            raise OutboundError(f"the connection broke ({type(trouble).__name__})") from None

    async def _first(self, call: "_Call", url: httpx2.URL, hosts: Sequence[str]) -> Answer:
        """Return the answer of the first host that can be connected to."""
        *others, last = hosts
        for host in others:
            try:
                return await self._send(call.request(url, host), call.limit)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._send(call.request(url, last), call.limit)

    async def _checked(self, text: str, url: httpx2.URL) -> list[str]:
        """Return addresses that we call, asking for them once."""
        if fault := fault_of_url(text, self._allowed):
            raise OutboundRefused(fault)
        if url.host != urlsplit(text).hostname:
            # Two readers of one URL who disagree about its host: an attack, or worse.
            raise OutboundRefused("must be an https URL in ASCII")
        found = [
            str(address)
            for address in await self._addresses(url)
            if is_reachable(address, self._allowed)
        ]
        if not found:
            raise OutboundRefused("must not lead to this machine or a private network")
        return found[:_ADDRESSES_TRIED]

    async def _addresses(self, url: httpx2.URL) -> list[Address]:
        literal = literal_of(url.host)
        if literal is not None:
            return [literal]
        try:
            texts = await self._resolve(url.host, url.port or _HTTPS_PORT)
        except (OSError, UnicodeError):
            raise OutboundError("its host is not known") from None
        return [ip_address(text) for text in dict.fromkeys(texts)]

    async def _send(self, request: httpx2.Request, limit: int) -> Answer:
        if self._transport is None:
            self._transport = httpx2.AsyncHTTPTransport(
                verify=trust(self._ca_file),
                trust_env=False,
                # Connections are never used again: one to an address is not for every name there.
                limits=httpx2.Limits(max_connections=_AT_ONCE, max_keepalive_connections=0),
            )
        response = await self._transport.handle_async_request(request)
        try:
            return Answer(
                response.status_code, dict(response.headers), await _body(response, limit)
            )
        finally:
            await response.aclose()


async def _body(response: httpx2.Response, limit: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise OutboundError("the answer is packed, which nobody asked for")
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise OutboundError(f"the answer is larger than {limit} bytes")
    return body
