"""Many connections that ask as fast as they are answered, for next to no CPU of their own.

Each request is another person's start. Whoever is refused comes back after a tenth of a second,
which is how an impatient crowd looks like from inside.
"""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

from chaos.driver import start_request

_AGAIN_SECONDS = 0.1
_OK = 200


@dataclass(slots=True)
class Tally:
    """What a blast was answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    mute: int = 0
    """Refusals (429, 503) that did not say when to come back."""
    broken: int = 0
    """Connections that ended without an answer."""
    people: list[str] = field(default_factory=list)
    """Who was answered with success."""
    seconds: float = 0.0

    @property
    def goodput(self) -> float:
        """Successes a second."""
        return self.statuses[_OK] / self.seconds if self.seconds else 0.0

    @property
    def offered(self) -> float:
        """Requests a second."""
        return (self.statuses.total() + self.broken) / self.seconds if self.seconds else 0.0


class _Asker(asyncio.Protocol):
    """One connection: asks, waits for the answer, asks again."""

    def __init__(self, blast: "Blast") -> None:
        self._blast = blast
        self._buffer = b""
        self._person = ""
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        lowered = head.lower()
        length = int(lowered.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(body) < length:
            return
        self._buffer = body[length:]
        self._answered(int(head[9:12]), lowered)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the base's
        if self._waiting:
            self._blast.tally.broken += not self._blast.over
        self._blast.gone(self)

    def close(self) -> None:
        self._transport.abort()

    def _ask(self) -> None:
        if self._blast.over or self._transport.is_closing():
            self._transport.close()
            return
        self._person, octets = self._blast.next()
        self._waiting = True
        self._transport.write(octets)

    def _answered(self, status: int, head: bytes) -> None:
        self._waiting = False
        tally = self._blast.tally
        tally.statuses[status] += not self._blast.over
        if status == _OK:
            tally.people.append(self._person)
        else:
            tally.mute += b"retry-after:" not in head
        if b"connection: close" in head:
            self._transport.close()  # the next one comes on a new connection
        elif status == _OK:
            self._ask()
        else:
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._ask)


@dataclass(slots=True, eq=False)
class Blast:
    """So many connections to one port, for so long."""

    port: int
    label: str
    tally: Tally = field(default_factory=Tally)
    over: bool = False
    _serials: "itertools.count[int]" = field(default_factory=itertools.count)
    _askers: set[_Asker] = field(default_factory=set)

    def next(self) -> tuple[str, bytes]:
        """Return somebody new, and their request as it is sent."""
        person = f"{self.label}-{next(self._serials)}@example.com"
        return person, start_request(person).octets(self.port)

    def gone(self, asker: _Asker) -> None:
        """Forget a connection that ended; another one takes its place, a little later."""
        self._askers.discard(asker)
        if not self.over:
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._replace)

    async def run(self, connections: int, seconds: float) -> Tally:
        """Ask until the time is over and return what came of it."""
        await asyncio.gather(*(self._connect() for _ in range(connections)))
        began = time.monotonic()
        self.tally.statuses.clear()
        self.tally.broken = 0
        await asyncio.sleep(seconds)
        self.tally.seconds = time.monotonic() - began
        self.over = True
        await asyncio.sleep(_AGAIN_SECONDS)
        for asker in list(self._askers):
            asker.close()
        return self.tally

    def _replace(self) -> None:
        if not self.over:
            task = asyncio.ensure_future(self._connect())
            task.add_done_callback(lambda _: None)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, protocol = await loop.create_connection(lambda: _Asker(self), "127.0.0.1", self.port)
        except OSError:
            self.tally.broken += 1
            if not self.over:
                loop.call_later(_AGAIN_SECONDS, self._replace)
            return
        self._askers.add(protocol)
