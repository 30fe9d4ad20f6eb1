"""A SQLite file as a place to copy from and to."""

# ruff: noqa: S608 - the names put into statements are those of our own schema

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import apsw

from latchstring.base.errors import Forbidden
from latchstring.db import migrate
from latchstring.db.copying import BATCH, require_known
from latchstring.db.file import told
from latchstring.db.migrate import Migration
from latchstring.db.shape import BOOK, Row, Table

_PATIENCE_MILLISECONDS = 5_000


class SqlitePlace:
    """The tables of an open file; its coroutines never suspend."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Work on this connection, in whose transaction everything happens."""
        self.connection = connection

    async def batches(self, table: Table) -> AsyncIterator[list[Row]]:
        """Return every row of a table, some at a time."""
        cursor = self.connection.execute(f"select {table.listed} from {table.name}")
        while rows := list(islice(cursor, BATCH)):
            yield rows

    async def find(self, table: Table, keys: Sequence[Row]) -> list[Row]:
        """Return the rows that have these keys."""
        wanted = " and ".join(f"{column.name} = ?" for column in table.key_columns)
        text = f"select {table.listed} from {table.name} where {wanted}"
        return [row for key in keys for row in self.connection.execute(text, key)]

    async def count(self, table: Table) -> int:
        """Return how many rows a table has."""
        found = self.connection.execute(f"select count(*) from {table.name}").fetchone()
        return int(str(found[0])) if found else 0

    async def clear(self, table: Table) -> None:
        """Drop the rows of a table."""
        self.connection.execute(f"delete from {table.name}")

    async def add(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert rows."""
        marks = ", ".join("?" * len(table.columns))
        text = f"insert into {table.name} ({table.listed}) values ({marks})"
        self.connection.executemany(text, rows)


@contextmanager
def read(path: Path, *, hold: bool = False) -> Iterator[apsw.Connection]:
    """Open a file that exists, in a transaction that sees one moment of it and changes nothing.

    With ``hold`` nobody else writes to it meanwhile.
    """
    if not path.exists():
        raise Forbidden(f"There is no database {path}.")
    with told(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(_PATIENCE_MILLISECONDS)
            connection.execute("begin immediate" if hold else "begin")
            connection.execute("pragma query_only = on")
            # The moment is chosen by the first row that is asked for, not by "begin".
            if (BOOK,) not in connection.execute("select name from sqlite_master").fetchall():
                raise Forbidden(f"{path} is no database of this program.")
            yield connection
        finally:
            connection.close()


@contextmanager
def write(path: Path, *, without: Collection[int] = ()) -> Iterator[apsw.Connection]:
    """Make the tables in an empty file and give them to be filled; all is good when this ends.

    Without some migrations they are those of an older version, and the book of migrations is to be
    filled with the rest. Nothing is kept for the case that this is cut off: then the file is thrown
    away.
    """
    with told(path):
        connection = apsw.Connection(str(path))
        try:
            connection.execute("pragma journal_mode = off")
            connection.execute("pragma synchronous = off")
            if not without:
                migrate.apply(connection)
            connection.execute("begin")
            if without:
                _make_older(connection, without)
            yield connection
            connection.execute("commit")
        finally:
            connection.close()


def _make_older(connection: apsw.Connection, without: Collection[int]) -> None:
    connection.execute(migrate.BOOK)
    for migration in migrate.known():
        if migration.number not in without:
            connection.execute(migration.text)


def lacking(connection: apsw.Connection) -> list[Migration]:
    """Return what a file lacks; raise ``SchemaMismatch`` for what this program does not know."""
    found = migrate.pending(connection)
    require_known(
        int(str(number)) for (number,) in connection.execute(f"select number from {BOOK}")
    )
    return found
