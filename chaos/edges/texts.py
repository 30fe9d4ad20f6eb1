"""A gateway for text messages that keeps what it takes, and misbehaves as it is told."""

import asyncio
import hashlib
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field

from chaos.edges.record import Record
from chaos.edges.rules import TAKEN, Rules

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class TextGateway:
    """Takes each text that is posted, over connections that are kept."""

    record: Record
    rules: Rules = field(default_factory=Rules)
    port: int = 0
    _server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def refuse(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                status = await self._take(json.loads(body))
                if status is None:
                    break
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    async def _take(self, posted: dict[str, str]) -> str | None:
        rule = self.rules.take(TAKEN, posted["recipient"])
        status = rule.say if rule and rule.say else "200"
        if status.startswith("2"):
            await self.record.write(
                {
                    "kind": "text",
                    "at": time.monotonic(),
                    "to": posted["recipient"],
                    # A text carries no id: its words tell which challenge it is of.
                    "id": posted["body"],
                    "code": posted["body"].rpartition("#")[2],
                    "link": "",
                    "digest": hashlib.sha256(posted["body"].encode()).hexdigest(),
                }
            )
        if rule is not None and rule.wait:
            await asyncio.sleep(rule.wait)
        return None if rule is not None and rule.hang_up else status
