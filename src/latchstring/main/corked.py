"""What is written to a client within one turn of the event loop leaves in one piece.

uvicorn writes an answer's head and its body apart, and each write is a system call that wakes the
client: for answers as short as ours, a good part of what they cost.
"""

import asyncio
from typing import Any, cast


class CorkedTransport:
    """A transport that gathers; in everything else it is the one behind it."""

    __slots__ = ("_behind", "_loop", "_parts")

    def __init__(self, behind: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Stand before this transport."""
        self._behind = behind
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._behind, name)

    def write(self, data: bytes) -> None:
        """Write at the end of this turn of the loop."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def flush(self) -> None:
        """Write what was gathered."""
        parts, self._parts = self._parts, []
        if parts and not self._behind.is_closing():
            self._behind.write(b"".join(parts))

    def close(self) -> None:
        """Close, once what was gathered is written."""
        self.flush()
        self._behind.close()


def corked(transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> asyncio.Transport:
    """Return a transport whose writes gather."""
    return cast("asyncio.Transport", CorkedTransport(transport, loop))
