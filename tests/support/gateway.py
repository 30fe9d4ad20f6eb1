"""An SMS gateway on loopback that answers whatever it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One request the gateway saw."""

    line: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(slots=True)
class Gateway:
    """Notes every call; ``answers`` are given once each, then it is always 200."""

    calls: list[Call] = field(default_factory=list)
    taken: list[Call] = field(default_factory=list)
    """Those that were answered with 200."""
    answers: list[bytes] = field(default_factory=list)
    hang: bool = False
    drip: bool = False
    """After the answer, go on byte by byte without an end."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until the client leaves."""
        try:
            while not reader.at_eof():
                call = await self._read(reader)
                self.calls.append(call)
                if self.hang:
                    await asyncio.sleep(60)
                said = self.answers.pop(0) if self.answers else answer(200)
                if said.startswith(b"HTTP/1.1 200"):
                    self.taken.append(call)
                writer.write(said)
                await writer.drain()
                while self.drip:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.05)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Call:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.partition(": ") for line in head[1:] if line)
        headers = {name.lower(): value for name, _, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        return Call(head[0], headers, json.loads(body))


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def listening(gateway: Gateway) -> AsyncIterator[str]:
    """Run the gateway on a free port; yields its URL."""
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        await gateway.serve(reader, writer)
        running.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms"
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
