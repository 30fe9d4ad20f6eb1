"""HTTP/1.1 over kept connections, written by hand: a client that costs next to nothing."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_NO_FIELDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Request:
    """A POST of a JSON object."""

    path: str
    body: Mapping[str, str]
    fields: Mapping[str, str] = field(default_factory=lambda: _NO_FIELDS)

    def encoded(self) -> bytes:
        """Return it as it goes over the wire."""
        content = json.dumps(self.body).encode()
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.fields.items())
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, where that is a JSON object."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    head: bytes
    body: bytes

    def fields(self, name: str) -> list[str]:
        """Return the values of a header field, in any number."""
        wanted = name.lower()
        lines = (line.partition(": ") for line in self.head.decode("latin-1").split("\r\n"))
        return [value for found, _, value in lines if found.lower() == wanted]


class Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._waiting: asyncio.Future[Reply] | None = None

    async def post(self, request: Request) -> Answer:
        """Send the request and return the answer; ``OSError`` where the line is cut."""
        reply = await self.ask(request.encoded())
        return Answer(reply.status, json.loads(reply.body))

    async def ask(self, octets: bytes) -> Reply:
        """Send them as they are and return the answer; ``OSError`` where the line is cut."""
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, "127.0.0.1", self.port)
        assert self._transport is not None
        self._buffer = b""
        self._waiting = loop.create_future()
        self._transport.write(octets)
        return await self._waiting

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection's other end."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("hung up"))

    def data_received(self, data: bytes) -> None:
        """Answer whoever waits as soon as the answer is whole."""
        self._buffer += data
        head, gap, rest = self._buffer.partition(_END_OF_HEAD)
        body = _whole(head, rest) if gap else None
        if body is not None and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Reply(int(head[9:12]), head, body))


def _whole(head: bytes, rest: bytes) -> bytes | None:
    """Return the body, or nothing while some of it is still to come."""
    length = _LENGTH.search(head)
    if length is not None:
        return rest if len(rest) >= int(length[1]) else None
    assert _CHUNKED.search(head), head
    return _joined(rest) if rest.endswith(_LAST_CHUNK) else None


def _joined(chunks: bytes) -> bytes:
    body = b""
    while True:
        size, _, chunks = chunks.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return body
        body += chunks[:length]
        chunks = chunks[length + 2 :]
