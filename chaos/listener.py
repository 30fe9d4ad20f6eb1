"""Applications that are told of sign-outs, and misbehave as a run says."""

import asyncio
import base64
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

SILENCE = 0
"""In the place of a status: it acts on what it heard, and never answers."""


@dataclass(slots=True)
class Listener:
    """One application: answers with these statuses, one after the other; the last stands."""

    statuses: list[int]
    heard: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """When, and the claims of the logout token."""
    port: int = 0

    @property
    def address(self) -> str:
        """Where it wants to be told."""
        return f"http://127.0.0.1:{self.port}/backchannel"

    @property
    def waits(self) -> list[float]:
        """The seconds between one try and the next."""
        times = [at for at, _ in self.heard]
        return [later - earlier for earlier, later in itertools.pairwise(times)]

    def jtis(self) -> set[str]:
        """Return the ids that it was told under."""
        return {str(claims["jti"]) for _, claims in self.heard}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            size = int(head.partition("content-length:")[2].split()[0])
            form = parse_qs((await reader.readexactly(size)).decode())
            self.heard.append((time.monotonic(), claims_of(form["logout_token"][0])))
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            if status == SILENCE:
                await reader.read()  # until the other side hangs up
            else:
                writer.write(f"HTTP/1.1 {status} Told\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
        writer.close()

    async def until_heard(self, count: int, patience: float) -> None:
        """Wait until it was told so often, or patience ends."""
        deadline = time.monotonic() + patience
        while len(self.heard) < count and time.monotonic() < deadline:
            await asyncio.sleep(0.05)


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says; nothing is verified."""
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return found


@asynccontextmanager
async def listening(*listeners: Listener) -> AsyncIterator[None]:
    """Let them listen on ports of their own."""
    servers = []
    for listener in listeners:
        server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
        listener.port = server.sockets[0].getsockname()[1]
        servers.append(server)
    try:
        yield
    finally:
        for server in servers:
            server.close()
