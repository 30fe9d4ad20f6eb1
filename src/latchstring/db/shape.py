"""The tables of an installation as their schema describes them, parents before children."""

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

import apsw
import msgspec

from latchstring.db import migrate

Row = tuple[Any, ...]
"""A row's values, numbers for booleans, in the order of its table's columns."""

BOOK = "schema_migrations"

NOT_OURS = frozenset({BOOK, "database_timeline"})
"""Say something of one database, and nothing of the installation that is in it."""

SEEDED = frozenset({"configuration_version"})
"""Have a row as soon as they are made."""


class Column(msgspec.Struct, frozen=True):
    """A column and its declared type."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its columns, and the positions of its primary key's columns among them."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[int, ...]
    names: tuple[str, ...] = field(init=False)
    listed: str = field(init=False)
    """The columns as a statement lists them."""

    def __post_init__(self) -> None:
        """Name the columns once."""
        object.__setattr__(self, "names", tuple(column.name for column in self.columns))
        object.__setattr__(self, "listed", ", ".join(self.names))

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns of the primary key, in its order."""
        return tuple(self.columns[position] for position in self.key)

    def key_of(self, row: Row) -> Row:
        """Return what identifies a row."""
        return tuple(row[position] for position in self.key)


def tables_of(connection: apsw.Connection) -> list[Table]:
    """Return the installation's tables in a SQLite file, each after those it refers to."""
    names = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' "
        "order by name"
    ).fetchall()
    parents = {
        str(name): _parents(connection, str(name)) for (name,) in names if name not in NOT_OURS
    }
    return [table_of(connection, name) for name in TopologicalSorter(parents).static_order()]


def table_of(connection: apsw.Connection, name: str) -> Table:
    """Return one table of a SQLite file."""
    found: list[Any] = connection.execute(
        "select name, type, pk from pragma_table_info(?) order by cid", (name,)
    ).fetchall()
    ranks = {rank: position for position, (_, _, rank) in enumerate(found) if rank}
    return Table(
        name,
        tuple(Column(column, kind.lower()) for column, kind, _ in found),
        tuple(ranks[rank] for rank in sorted(ranks)),
    )


def current_tables() -> list[Table]:
    """Return the tables of this version of the program."""
    connection = apsw.Connection(":memory:")
    try:
        migrate.apply(connection)
        return tables_of(connection)
    finally:
        connection.close()


def _parents(connection: apsw.Connection, name: str) -> list[str]:
    rows = connection.execute('select "table" from pragma_foreign_key_list(?)', (name,))
    return sorted({str(parent) for (parent,) in rows} - {name})
