"""A few sessions on the server, shared by everybody in this process.

Sessions come back clean: nothing here sets, listens or locks beyond a transaction, so no round
trip is spent on resetting them. One that was left in the middle of something is closed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from latchstring.base.errors import Unavailable
from latchstring.db.database import Load
from latchstring.db.server import Connection

_MOST_WAITING = 2_000
"""More would only wait for an answer that nobody reads any more."""


@dataclass(slots=True, eq=False)
class Pool:
    """At most ``size`` sessions, opened when they are needed."""

    connect: Callable[[], Awaitable[Connection]]
    size: int
    _places: asyncio.Semaphore = field(init=False)
    _idle: list[Connection] = field(default_factory=list)
    _working: int = 0
    _waiting: int = 0
    _closed: bool = False
    _generation: int = 0

    def __post_init__(self) -> None:
        """Make the places."""
        self._places = asyncio.Semaphore(self.size)

    @property
    def load(self) -> Load:
        """How many sessions are lent, and how many wait for one."""
        return Load(self._working, self._waiting)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        """Lend a session; it is given back if it comes out of the block idle, else closed."""
        await self._take_place()
        self._working += 1
        try:
            connection = await self._ready()
            generation = self._generation
            try:
                yield connection
            finally:
                is_over = self._closed or generation != self._generation
                if is_over or connection.is_closed() or connection.is_in_transaction():
                    connection.terminate()
                else:
                    self._idle.append(connection)
        finally:
            self._working -= 1
            self._places.release()

    async def _take_place(self) -> None:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable(detail="too many wait for a session on the database server")
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1

    async def _ready(self) -> Connection:
        # The one used last is the warmest; the server may have closed it meanwhile.
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        if self._closed:
            raise Unavailable(detail="the database is closed")
        return await self.connect()

    async def close(self) -> None:
        """Close what is idle now, and the rest when it comes back."""
        self._closed = True
        self.renew()

    def renew(self) -> None:
        """Lend no session again that was opened before this."""
        self._generation += 1
        while self._idle:
            self._idle.pop().terminate()
