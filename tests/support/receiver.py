"""An application that listens over TLS on loopback and answers whatever it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.support.gateway import answer
from tests.support.tls import Certificates


@dataclass(frozen=True, slots=True)
class Heard:
    """One request that the application saw."""

    line: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields of its body."""
        return parse_qs(self.body)


@dataclass(slots=True)
class Receiver:
    """Notes every call; ``answers`` are given once each, then it is always 200."""

    heard: list[Heard] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    connections: int = 0
    silent: int = 0
    """How many calls it takes and never answers."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until the client leaves."""
        self.connections += 1
        try:
            while not reader.at_eof():
                self.heard.append(await _read(reader))
                if self.silent:
                    self.silent -= 1
                    await asyncio.sleep(60)
                writer.write(self.answers.pop(0) if self.answers else answer(200))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.partition(": ") for line in head[1:] if line)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(head[0], headers, body.decode())


@asynccontextmanager
async def receiving(
    receiver: Receiver,
    certificates: Certificates | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[int]:
    """Run the receiver on a port, over TLS with a certificate; yields the port."""
    running: set[asyncio.Task[None]] = set()
    context = None
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.certificate, certificates.key)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        await receiver.serve(reader, writer)
        running.discard(task)

    server = await asyncio.start_server(connected, host, port, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
