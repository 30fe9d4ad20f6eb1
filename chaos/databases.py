"""The database below the nodes, as a procedure sees it: an address, and rows to check against."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from tests.support.postgresql import SUPERUSER, Cluster

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
KINDS = (SQLITE, POSTGRESQL)

_CONSUMED = """
select i.identifier, count(*) from events e
join identifiers i on i.identifier_digest = e.identifier_digest
where e.type = 'IdentifierVerified' group by i.identifier
"""


class Database(Protocol):
    """Where the installation's rows are."""

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""
        ...

    @property
    def url(self) -> str:
        """What the configuration says."""
        ...

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a query gives, past the server."""
        ...

    async def run(self, sql: str) -> None:
        """Change rows behind the server's back."""
        ...

    async def integrity(self) -> str:
        """Return ``ok`` for a database that is whole, or what is wrong with it."""
        ...


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file in the run's folder."""

    path: Path
    kind: str = SQLITE

    @property
    def url(self) -> str:
        """The file's URL."""
        return f"sqlite:///{self.path}"

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read over a connection of our own."""
        with closing(sqlite3.connect(self.path, timeout=10)) as connection:
            return connection.execute(sql).fetchall()

    async def run(self, sql: str) -> None:
        """Write over a connection of our own."""
        with closing(sqlite3.connect(self.path, timeout=10)) as connection:
            connection.executescript(sql)

    async def integrity(self) -> str:
        """Ask SQLite whether the file is whole."""
        rows = await self.rows("pragma integrity_check")
        return ", ".join(str(row[0]) for row in rows)


@dataclass(frozen=True, slots=True)
class ServerDatabase:
    """A database of a PostgreSQL server that a procedure may also hurt."""

    cluster: Cluster
    name: str
    kind: str = POSTGRESQL

    @property
    def url(self) -> str:
        """Its URL, over loopback: what stands between is put there by its port."""
        return self.cluster.tcp_url(self.name)

    def url_through(self, port: int) -> str:
        """Return the URL that leads there through somebody else's port."""
        return self.cluster.tcp_url(self.name, port)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read over a connection of our own."""
        async with self._connected() as connection:
            return [tuple(row) for row in await connection.fetch(sql)]

    async def run(self, sql: str) -> None:
        """Write over a connection of our own."""
        async with self._connected() as connection:
            await connection.execute(sql)

    async def integrity(self) -> str:
        """Read every row of every table."""
        tables = "select tablename from pg_tables where schemaname = 'public'"
        for (table,) in await self.rows(tables):
            await self.rows(f'select count(*) from (select * from "{table}") as t')  # noqa: S608 - our own names
        return "ok"

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.cluster.url(self.name, SUPERUSER))
        try:
            yield connection
        finally:
            await connection.close()


async def consumed(database: Database) -> dict[str, int]:
    """Return how often each person's codes were used."""
    return {str(person): int(count) for person, count in await database.rows(_CONSUMED)}
