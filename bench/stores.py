"""The databases under the contestants: each has one of its own, as durable as the next.

A SQLite file, or a PostgreSQL cluster with its own postmaster, so that what one contestant leaves
to be done later (a checkpoint, a vacuum) is never charged to another.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import apsw
import asyncpg

from bench.processes import Tree
from tests.support.postgresql import Cluster

SETTINGS = {"shared_buffers": "512MB"}
"""What the bench sets; fsync, synchronous_commit and full_page_writes are on, as initdb leaves
them."""
DATABASE = "bench"


class Store(Protocol):
    """A contestant's database."""

    @property
    def kind(self) -> str:
        """SQLite or PostgreSQL."""

    @property
    def url(self) -> str:
        """Its address."""

    def cpu(self) -> float:
        """Return the seconds of CPU that its own processes used; a library has none."""

    async def count(self, query: str) -> int:
        """Return the one number of a query."""

    async def run(self, script: str) -> None:
        """Execute statements."""

    async def load(self, table: str, columns: Sequence[str], rows: Iterable[Any]) -> None:
        """Write many rows, as fast as it goes."""


@dataclass(frozen=True, slots=True)
class Sqlite:
    """A SQLite file."""

    path: Path
    kind: str = "SQLite"

    @property
    def url(self) -> str:
        """The address as the product spells it."""
        return f"sqlite:///{self.path}"

    def cpu(self) -> float:
        """Return nothing: its work is done in the server's process."""
        return 0.0

    async def count(self, query: str) -> int:
        """Return the one number of a query."""
        with self._connection() as connection:
            return int(str(connection.execute(query).get))

    async def run(self, script: str) -> None:
        """Execute statements."""
        with self._connection() as connection:
            connection.execute(script)

    async def load(self, table: str, columns: Sequence[str], rows: Iterable[Any]) -> None:
        """Write many rows in one transaction; nobody else may be there."""
        marks = ", ".join("?" for _ in columns)
        insert = f"insert into {_quoted(table)} ({_listed(columns)}) values ({marks})"  # noqa: S608
        with self._connection() as connection:
            connection.execute("pragma cache_size = -2000000")
            with connection:
                connection.executemany(insert, rows)

    @contextlib.contextmanager
    def _connection(self) -> Any:
        connection = apsw.Connection(str(self.path))
        try:
            yield connection
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Postgresql:
    """A PostgreSQL cluster with one database."""

    cluster: Cluster
    kind: str = "PostgreSQL"

    @property
    def url(self) -> str:
        """The address as libpq reads it."""
        return self.cluster.url(DATABASE)

    def cpu(self) -> float:
        """Return the seconds of CPU of the postmaster and of everything it started."""
        note = (self.cluster.data / "postmaster.pid").read_text(encoding="utf-8")
        return Tree(int(note.partition("\n")[0])).cpu()

    async def count(self, query: str) -> int:
        """Return the one number of a query."""
        async with self._connection() as connection:
            return int(await connection.fetchval(query))

    async def run(self, script: str) -> None:
        """Execute statements."""
        async with self._connection() as connection:
            await connection.execute(script)

    async def load(self, table: str, columns: Sequence[str], rows: Iterable[Any]) -> None:
        """Copy many rows, and leave nothing to be vacuumed or flushed while others measure."""
        async with self._connection() as connection:
            await connection.copy_records_to_table(table, records=rows, columns=columns)
            await connection.execute(f"vacuum analyze {_quoted(table)}")
        await asyncio.to_thread(self.cluster.psql, "checkpoint")

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.url)
        try:
            yield connection
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def postgresql() -> AsyncIterator[Postgresql]:
    """Make a cluster among the temporary files, and run it."""
    cluster = Cluster(SETTINGS)
    try:
        await asyncio.to_thread(cluster.create)
        await asyncio.to_thread(cluster.create_database, DATABASE)
        yield Postgresql(cluster)
    finally:
        await asyncio.to_thread(cluster.close)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names))
