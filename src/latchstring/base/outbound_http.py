"""The HTTP client under ``outbound``: one request, one connection, one answer."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from latchstring.base.outbound import Answer, Call, OutboundError, OutboundRefused, Resolve
from latchstring.base.outbound_guard import (
    Address,
    Networks,
    fault_of_url,
    is_reachable,
    literal_of,
)
from latchstring.base.trust import trust

_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 5.0
_ADDRESSES_TRIED = 2
_AT_ONCE = 64
_HTTPS_PORT = 443
_HEADERS = {"user-agent": "latchstring", "accept": "*/*", "accept-encoding": "identity"}
_PATIENCE = httpx2.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS).as_dict()


class Http:
    """Sends what it is told to, where it may."""

    def __init__(
        self, *, ca_file: Path | None, allowed: Networks, resolve: Resolve, whole_seconds: float
    ) -> None:
        """Be ready to connect."""
        self._allowed = allowed
        self._resolve = resolve
        self._whole_seconds = whole_seconds
        self._transport = httpx2.AsyncHTTPTransport(
            verify=trust(ca_file),
            trust_env=False,
            # Connections are never used again: one to an address is not for every name there.
            limits=httpx2.Limits(max_connections=_AT_ONCE, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._transport.aclose()

    async def answer(self, call: Call) -> Answer:
        """Return the answer; raise ``OutboundError``."""
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

    async def _first(self, call: Call, url: httpx2.URL, hosts: Sequence[str]) -> Answer:
        """Return the answer of the first host that can be connected to."""
        *others, last = hosts
        for host in others:
            try:
                return await self._send(_request(call, url, host), call.limit)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._send(_request(call, url, last), call.limit)

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
        response = await self._transport.handle_async_request(request)
        try:
            return Answer(
                response.status_code, dict(response.headers), await _body(response, limit)
            )
        finally:
            await response.aclose()


def _request(call: Call, url: httpx2.URL, host: str) -> httpx2.Request:
    """Return the request to one host; the URL's name stays in ``Host`` and the handshake."""
    headers = {**_HEADERS, "host": url.netloc.decode("ascii")}
    if call.form is not None:
        headers["content-type"] = "application/x-www-form-urlencoded"
    return httpx2.Request(
        call.method,
        url.copy_with(host=host),
        headers=headers,
        content=call.form,
        extensions={"sni_hostname": url.host, "timeout": _PATIENCE},
    )


async def _body(response: httpx2.Response, limit: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise OutboundError("the answer is packed, which nobody asked for")
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise OutboundError(f"the answer is larger than {limit} bytes")
    return body
