"""The database below the nodes, as a procedure sees it: an address, and rows to check against."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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


async def consumed(database: Database) -> dict[str, int]:
    """Return how often each person's codes were used."""
    return {str(person): int(count) for person, count in await database.rows(_CONSUMED)}
