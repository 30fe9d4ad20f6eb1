"""Copy an installation's rows from one database to another, and prove that they arrived."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Protocol

from latchstring.base.errors import Unavailable
from latchstring.db import migrate
from latchstring.db.migrate import SchemaMismatch
from latchstring.db.shape import SEEDED, Row, Table

BATCH = 1_000
"""Rows in memory at once: an installation of any size is copied in the same space."""


class Differs(Unavailable):
    """What arrived is not what was sent."""


def require_known(numbers: Iterable[int]) -> None:
    """Raise ``SchemaMismatch`` for a migration of a newer program, even one that bears with us.

    To run beside a newer program is one thing, to leave behind what only that one knows another.
    """
    ours = {migration.number for migration in migrate.known()}
    for number in numbers:
        if number not in ours:
            raise SchemaMismatch(
                f"The database has migration {number}: the newer version that made it must do this."
            )


class Place(Protocol):
    """The rows of one database, on one snapshot or in one transaction."""

    def batches(self, table: Table) -> AsyncIterator[list[Row]]:
        """Return every row of a table, some at a time."""

    async def find(self, table: Table, keys: Sequence[Row]) -> list[Row]:
        """Return the rows that have these keys."""

    async def count(self, table: Table) -> int:
        """Return how many rows a table has."""

    async def clear(self, table: Table) -> None:
        """Drop the rows of a table."""

    async def add(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert rows."""


async def filled(place: Place, tables: Iterable[Table]) -> Mapping[str, int]:
    """Return the tables that hold somebody's rows, with their number."""
    counts = {table.name: await place.count(table) for table in tables if table.name not in SEEDED}
    return {name: count for name, count in counts.items() if count}


async def copy(source: Place, target: Place, tables: Sequence[Table]) -> None:
    """Copy every row into tables that are empty."""
    for table in tables:
        await target.clear(table)  # of what its migration put there
        async for rows in source.batches(table):
            await target.add(table, rows)


async def compare_counts(source: Place, target: Place, tables: Iterable[Table]) -> dict[str, int]:
    """Return how many rows each table has; raise ``Differs`` where the two do not agree."""
    counts = {}
    for table in tables:
        sent, arrived = await source.count(table), await target.count(table)
        if sent != arrived:
            raise Differs(f"Of {sent} rows of the table {table.name}, {arrived} arrived.")
        counts[table.name] = sent
    return counts


async def compare_rows(source: Place, target: Place, tables: Sequence[Table]) -> dict[str, int]:
    """Compare every value of every row; raise ``Differs`` with the first table and key.

    Each row of the target is looked up in the source. As there are as many rows on both sides, and
    keys are unique, none can be missing.
    """
    counts = await compare_counts(source, target, tables)
    for table in tables:
        async for rows in target.batches(table):
            keys = [table.key_of(row) for row in rows]
            found = {table.key_of(row): row for row in await source.find(table, keys)}
            for key, row in zip(keys, rows, strict=True):
                if found.get(key) != row:
                    raise Differs(f"The row {_shown(key)} of the table {table.name} differs.")
    return counts


def _shown(key: Row) -> str:
    return ", ".join(str(part) for part in key)
