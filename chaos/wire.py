"""HTTP/1.1 by hand over kept connections: cheap, and it knows how far a request got."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> dict[str, Any]:
        """Return the body as an object; empty where it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def retry_after(self) -> int | None:
        """The seconds after which the server wants to be asked again."""
        value = self.headers.get("retry-after", "")
        return int(value) if value.isdigit() else None


class NoAnswer(Exception):
    """The connection failed, or patience ended, before the whole answer was here."""

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        """Say why, and whether the server may have acted on the request."""
        super().__init__(reason)
        self.was_sent = was_sent


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def octets(self, port: int) -> bytes:
        """Return it as it is sent."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body or self.method == "POST":
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def get(path: str, headers: Mapping[str, str] | None = None) -> Request:
    """Return a GET."""
    return Request("GET", path, headers=headers or {})


def post_json(path: str, body: Mapping[str, object], **headers: str) -> Request:
    """Return a POST of a JSON object; ``Idempotency_Key`` is written with a dash."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = json.dumps(body).encode()
    return Request("POST", path, content, {"Content-Type": "application/json", **named})


def post_form(
    path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Request:
    """Return a POST of a form."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", path, urlencode(fields).encode(), kind | dict(headers or {}))


class Wire:
    """Connections to one port, as many as there are requests in flight."""

    def __init__(self, port: int, *, patience: float = 10.0) -> None:
        """Connect to nobody yet."""
        self.port = port
        self.patience = patience
        self._idle: list[Streams] = []

    async def ask(self, request: Request, *, patience: float | None = None) -> Answer:
        """Return the answer; raise ``NoAnswer`` where there is none."""
        began = time.monotonic()
        streams: Streams | None = None
        answer: Answer | None = None
        try:
            async with asyncio.timeout(patience or self.patience):
                streams = await self.connected()
                streams[1].write(request.octets(self.port))
                answer = await _read(streams[0], began)
        except (OSError, EOFError, TimeoutError, ValueError, RuntimeError) as trouble:
            raise NoAnswer(_words(trouble), was_sent=streams is not None) from trouble
        finally:
            if answer is None and streams is not None:
                streams[1].transport.abort()
        self.keep(streams, answer)
        return answer

    def close(self) -> None:
        """Hang up."""
        idle, self._idle = self._idle, []
        for _, writer in idle:
            writer.transport.abort()

    async def connected(self) -> Streams:
        """Return a connection, one that was kept if there is any."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.port)

    def keep(self, streams: Streams, answer: Answer) -> None:
        """Take a connection back after its answer."""
        if answer.headers.get("connection", "").lower() == "close":
            streams[1].close()
        else:
            self._idle.append(streams)


async def race(lanes: Sequence[tuple[Wire, Request]]) -> list[Answer | NoAnswer]:
    """Send all but the last byte of each request, then the last bytes together."""
    ready = await asyncio.gather(*(_all_but_the_last_byte(*lane) for lane in lanes))
    await asyncio.sleep(0.002)
    began = time.monotonic()
    for streams, (wire, request) in zip(ready, lanes, strict=True):
        if not isinstance(streams, NoAnswer):
            with suppress(RuntimeError):  # cut meanwhile: reading tells
                streams[1].write(request.octets(wire.port)[-1:])
    return await asyncio.gather(
        *(_finish(wire, streams, began) for (wire, _), streams in zip(lanes, ready, strict=True))
    )


async def _all_but_the_last_byte(wire: Wire, request: Request) -> Streams | NoAnswer:
    try:
        reader, writer = await wire.connected()
        writer.write(request.octets(wire.port)[:-1])
        await writer.drain()
    except (OSError, RuntimeError) as trouble:  # nobody listens, or a kept connection was cut
        return NoAnswer(_words(trouble), was_sent=False)
    return reader, writer


async def _finish(wire: Wire, streams: Streams | NoAnswer, began: float) -> Answer | NoAnswer:
    if isinstance(streams, NoAnswer):
        return streams
    try:
        async with asyncio.timeout(wire.patience):
            answer = await _read(streams[0], began)
    except (OSError, EOFError, TimeoutError, ValueError) as trouble:
        streams[1].transport.abort()
        return NoAnswer(_words(trouble), was_sent=True)
    wire.keep(streams, answer)
    return answer


async def _read(reader: asyncio.StreamReader, began: float) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await _body(reader, headers)
    return Answer(int(first[9:12]), headers, body, time.monotonic() - began)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    whole = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        whole += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return whole


def _words(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}".rstrip(": ")
