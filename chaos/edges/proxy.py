"""A stretch of bad network: stands between two programs and delays, drips, swallows or cuts.

It needs no rights and no kernel module: it is an ordinary program that both sides connect through.
"""

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

_CHUNK = 1 << 16
_NO_LINGER = struct.pack("ii", 1, 0)
_LOOK_SECONDS = 0.02


@dataclass(slots=True, kw_only=True)
class Faults:
    """What is wrong with the network, in both directions. All of it may change at any time."""

    delay: float = 0.0
    """Seconds that each piece takes longer."""
    drip: float = 0.0
    """Seconds between two bytes."""
    swallow: bool = False
    """Nothing arrives; both sides believe that they are connected, and new ones too."""
    refuse: bool = False
    """New connections are cut at once."""

    def as_json(self) -> dict[str, Any]:
        """Return them for the control connection."""
        return asdict(self)


@dataclass(slots=True, eq=False)
class _Pair:
    """A connection of each side."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter

    def cut(self) -> None:
        """End both with a reset, as a firewall that forgot them would."""
        for writer in (self.near, self.far):
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.family != socket.AF_UNIX:
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            writer.transport.abort()


@dataclass(slots=True, eq=False)
class FaultProxy:
    """Passes bytes on to ``target``, a port of loopback or the path of a socket."""

    target: int | str
    faults: Faults = field(default_factory=Faults)
    port: int = 0
    accepted: int = 0
    _server: asyncio.Server | None = None
    _pairs: set[_Pair] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def listen(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=_CHUNK, backlog=512
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more and end what there is."""
        if self._server is not None:
            self._server.close()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def open(self) -> int:
        """How many connections go through it now."""
        return len(self._pairs)

    def set(self, faults: Mapping[str, Any]) -> None:
        """Take other faults from now on, for the connections that there are too."""
        self.faults = Faults(**faults)

    def reset(self) -> None:
        """Cut every connection."""
        for pair in list(self._pairs):
            pair.cut()

    def half_close(self) -> None:
        """Tell the far side of every connection that nothing more comes; its words still arrive."""
        for pair in list(self._pairs):
            with suppress(OSError, RuntimeError):
                pair.far.write_eof()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.faults.refuse:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        pair = _Pair(writer, far_writer)
        self._pairs.add(pair)
        try:
            await self._pass_both(pair, reader, far_reader)
        finally:
            self._pairs.discard(pair)
            writer.close()
            far_writer.close()

    async def _pass_both(
        self, pair: _Pair, near: asyncio.StreamReader, far: asyncio.StreamReader
    ) -> None:
        ways = (self._pass(near, pair.far, pair), self._pass(far, pair.near, pair))
        tasks = {asyncio.create_task(way) for way in ways}
        self._tasks |= tasks
        try:
            await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()
            self._tasks -= tasks

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target, limit=_CHUNK)
        return await asyncio.open_connection("127.0.0.1", self.target, limit=_CHUNK)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: _Pair
    ) -> None:
        try:
            while piece := await reader.read(_CHUNK):
                await self._send(piece, writer)
            await self._until_passing()
            writer.write_eof()  # the other direction may still have something to say
        except (OSError, RuntimeError):
            pair.cut()

    async def _send(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self.faults.delay)
        await self._until_passing()
        if not self.faults.drip:
            writer.write(piece)
            await writer.drain()
            return
        for position in range(len(piece)):
            if writer.is_closing():
                raise ConnectionResetError
            writer.write(piece[position : position + 1])
            await asyncio.sleep(self.faults.drip)

    async def _until_passing(self) -> None:
        while self.faults.swallow:
            await asyncio.sleep(_LOOK_SECONDS)
