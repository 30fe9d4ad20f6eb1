"""Calls to addresses of applications: their keys, their back-channel logout.

Every call has an end, its answer a limit, and no redirect is followed; no proxy that a variable
names sees it, and certificates are checked. What the operator did not write down himself is
guarded besides: ``https`` alone, and a connection to the very address that was checked, so that no
second answer of a name server leads elsewhere (DNS rebinding).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

import msgspec

from latchstring.base.outbound_guard import Networks

if TYPE_CHECKING:
    from latchstring.base.outbound_http import Http

LARGEST_ANSWER = 64 * 1024
_WHOLE_SECONDS = 10.0

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


class Poster(Protocol):
    """Whoever tells applications something."""

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, trusted: bool, limit: int = LARGEST_ANSWER
    ) -> Answer:
        """Post a form and return the answer, whatever its status; raise ``OutboundError``."""


class Caller(Poster, Protocol):
    """Whoever calls applications."""

    async def get(self, url: str, *, trusted: bool, limit: int = LARGEST_ANSWER) -> Answer:
        """Return what the URL holds; raise ``OutboundError``."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(item[4][0]) for item in found]


class Call(msgspec.Struct, frozen=True):
    """What is sent where, and how much may come back."""

    method: str
    url: str
    trusted: bool
    limit: int
    form: bytes | None = None


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
        self._http: Http | None = None

    async def get(self, url: str, *, trusted: bool, limit: int = LARGEST_ANSWER) -> Answer:
        """Return what the URL holds; raise ``OutboundError``."""
        return await self._connected().answer(Call("GET", url, trusted, limit))

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, trusted: bool, limit: int = LARGEST_ANSWER
    ) -> Answer:
        """Post a form and return the answer, whatever its status; raise ``OutboundError``."""
        content = urlencode(fields).encode("ascii")
        return await self._connected().answer(Call("POST", url, trusted, limit, content))

    async def close(self) -> None:
        """Close what is open."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    def _connected(self) -> "Http":
        if self._http is None:
            # Not before: who calls nobody shall not wait for an HTTP client at every start.
            from latchstring.base.outbound_http import Http  # noqa: PLC0415 - see above

            self._http = Http(
                ca_file=self._ca_file,
                allowed=self._allowed,
                resolve=self._resolve,
                whole_seconds=self._whole_seconds,
            )
        return self._http
