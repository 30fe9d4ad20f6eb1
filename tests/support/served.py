"""An ASGI application behind our HTTP server, in this process, and callers that speak raw HTTP."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from latchstring.main import http_server
from latchstring.main.crowd import Refuse
from latchstring.main.departure import Departure
from latchstring.web.http.busy import Refusal
from tests.support.house import some_settings

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE = 5.0
COME_BACK = Refusal(b"retry-after: 1\r\ncontent-length: 4\r\n\r\n", b"busy")


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        """Send without waiting."""
        self.writer.write(data)

    async def head(self) -> bytes:
        """One answer's head."""
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)

    async def answer(self) -> bytes:
        """One answer's body."""
        head = await self.head()
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])
        return await self.reader.readexactly(length)

    async def is_cut(self) -> bool:
        """Whether the other side ends the connection without a word."""
        try:
            return await asyncio.wait_for(self.reader.read(), PATIENCE) == b""
        except ConnectionError:
            return True

    async def pour(self, chunk: bytes, times: int) -> int:
        """Send a chunk again and again until the other side has enough; return how often."""
        for sent in range(times):
            try:
                self.writer.write(chunk)
                await self.writer.drain()
            except ConnectionError:
                return sent
        return times


@dataclass(repr=False)
class Served:
    """A running server."""

    server: http_server.Server
    departure: Departure
    port: int
    ended: asyncio.Task[None]
    callers: list[Caller] = field(default_factory=list)

    async def call(self, *sent: bytes) -> Caller:
        """Connect, and send something at once."""
        caller = Caller(*await asyncio.open_connection("127.0.0.1", self.port))
        self.callers.append(caller)
        caller.writer.writelines(sent)
        await caller.writer.drain()
        return caller


def come_back(_path: str) -> Refusal | None:
    """Refuse everybody."""
    return COME_BACK


@contextlib.asynccontextmanager
async def a_served(
    application: ASGIApp,
    folder: Path,
    *,
    grace: float = 0.0,
    refuse: Refuse = come_back,
    beside: socket.socket | None = None,
    **settings: Any,
) -> AsyncIterator[Served]:
    """Serve an application until the block is left; ``beside`` others, on their socket."""
    listener = beside.dup() if beside else socket.create_server(("127.0.0.1", 0))
    departure = Departure(grace)
    config = http_server.config(some_settings(folder, **settings), application)
    server = http_server.Server(config, departure, refuse, has_siblings=bool(beside))
    ended = asyncio.create_task(server.serve(sockets=[listener]))
    served = Served(server, departure, listener.getsockname()[1], ended)
    while not server.started:  # noqa: ASYNC110 - there is no event
        await asyncio.sleep(0.001)
    try:
        yield served
    finally:
        for caller in served.callers:
            caller.writer.close()
            with contextlib.suppress(ConnectionError):
                await caller.writer.wait_closed()
        departure.ask()
        departure.ask()
        await ended
