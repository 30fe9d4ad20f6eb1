"""What takes part in a heat: servers that people sign in at, and loops that only write rows."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from bench.codes import Codes
from bench.contestants import Contestant
from bench.figures import Measure
from bench.load import Load, LoginFailed, Window
from bench.people import People
from bench.plan import BenchFailed

_ERRORS_SHOWN = 3
_AT_ONCE = 64
"""As many journeys as an open loop may have under way, where each needs something to begin with."""
_SETTLE_SECONDS = 0.3
"""After the last answer a worker still writes down what it sent."""


class Entrant(Protocol):
    """Takes its turn in every round."""

    @property
    def name(self) -> str:
        """Who it is."""

    @property
    def kind(self) -> str:
        """Its database."""

    @property
    def people(self) -> int:
        """How many it knows from the beginning."""

    async def prepare(self) -> None:
        """Make the schema and the people."""

    async def measure(self, users: int, seconds: float) -> Measure:
        """Sign in for so long; raise ``BenchFailed`` if a single login failed."""

    async def check_rows(self) -> None:
        """Raise ``BenchFailed`` if the database holds other rows than it should."""


@dataclass(slots=True)
class Served:
    """A contestant whose servers run; every login is counted, and must be found in its database."""

    contestant: Contestant
    codes: Codes
    load: Load = field(init=False)
    _people: People = field(init=False)
    _logins: int = 0

    def __post_init__(self) -> None:
        self._people = People(self.contestant.people)
        ports = [server.port for server in self.contestant.servers]
        way = self.contestant.load
        self.load = way(self.contestant.dialect, self.codes, self._people, ports)

    @property
    def name(self) -> str:
        """Who it is."""
        return self.contestant.name

    @property
    def kind(self) -> str:
        """Its database."""
        return self.contestant.store.kind if self.contestant.store else ""

    @property
    def people(self) -> int:
        """How many it knows from the beginning."""
        return self.contestant.people

    async def prepare(self) -> None:
        """Make the schema and the people."""
        await self.contestant.prepare()

    async def measure(self, users: int, seconds: float) -> Measure:
        """Keep so many users signing in, and count the CPU of all that this caused."""
        await self._ready(users)
        server, database = self._server_cpu(), self._database_cpu()
        window = await self.load.closed(users, seconds)
        await asyncio.sleep(_SETTLE_SECONDS)
        measure = Measure(
            logins=max(1, window.logins),
            seconds=window.seconds,
            server=self._server_cpu() - server,
            database=self._database_cpu() - database,
        )
        self._counted(window)
        return measure

    async def at_rate(self, rate: float, seconds: float) -> Window:
        """Begin so many logins a second."""
        await self._ready(_AT_ONCE)
        return self._counted(await self.load.open(rate, seconds))

    async def starts_at_rate(self, rate: float, seconds: float) -> Window:
        """Ask for so many codes a second, and for nothing else."""
        window = await self.load.open(rate, seconds, self.load.only_ask)
        return self._without_errors(window)

    async def check_rows(self) -> None:
        """Refuse figures of logins that are not all in the database."""
        census, store = self.contestant.census, self.contestant.store
        if census is None or store is None:
            return
        for query, expected in (
            (census.people, self.people + self._people.created),
            (census.logins, self._logins + self.load.beside),
        ):
            found = await store.count(query)
            if found != expected:
                raise BenchFailed(f"{self.name}: {query}: {found}, expected {expected}")

    def memory(self) -> float:
        """Return the proportional set size of all its servers, in MiB."""
        return sum(server.tree.memory() for server in self.contestant.servers)

    async def _ready(self, users: int) -> None:
        try:
            await self.load.ready(users)
        except LoginFailed as failed:
            raise BenchFailed(f"{self.name}: {failed}") from failed
        await asyncio.sleep(_SETTLE_SECONDS)

    def _counted(self, window: Window) -> Window:
        if not self._without_errors(window).logins:
            raise BenchFailed(f"{self.name}: no login in this time")
        self._logins += window.logins
        return window

    def _without_errors(self, window: Window) -> Window:
        if window.errors:
            said = "\n".join(server.last_words() for server in self.contestant.servers)
            raise BenchFailed(f"{self.name}: {'; '.join(window.errors[:_ERRORS_SHOWN])}\n{said}")
        return window

    def _server_cpu(self) -> float:
        return sum(server.tree.cpu() for server in self.contestant.servers)

    def _database_cpu(self) -> float:
        return self.contestant.store.cpu() if self.contestant.store is not None else 0.0
