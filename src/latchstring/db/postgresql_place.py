"""A PostgreSQL database as a place to copy from and to."""

# ruff: noqa: S608 - the names put into statements are those of our own schema

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from latchstring.base.errors import Forbidden, Unavailable
from latchstring.db import server
from latchstring.db.address import Address
from latchstring.db.copying import BATCH, filled, require_known
from latchstring.db.migrate import Migration
from latchstring.db.server import Connection
from latchstring.db.shape import BOOK, Row, Table, current_tables

_PATIENT = """
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local lock_timeout = '5s';
set local enable_seqscan = on;
"""
"""A copy takes as long as it takes, and walks whole tables. It waits for nobody's lock, though."""

_OTHERS = """
select application_name as program, usename as role, count(*) as sessions from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null
    and coalesce(backend_type, 'client backend') = 'client backend'
group by application_name, usename order by sessions desc, program, role
"""
"""What kind of session another role has is hidden from most; PostgreSQL's own have no role."""

_LEAVES_WITHIN = 0.5
"""Seconds that a session which has just ended may still be seen."""

_SEEING = "begin isolation level repeatable read, read only"


class PostgresqlPlace:
    """The tables of a database, in a transaction of this session."""

    def __init__(self, connection: Connection) -> None:
        """Work in this session."""
        self._connection = connection

    async def batches(self, table: Table) -> AsyncIterator[list[Row]]:
        """Return every row of a table, some at a time."""
        cursor = f"copy_of_{table.name}"
        fetch = f"fetch {BATCH} from {cursor}"
        await self._connection.execute(
            f"declare {cursor} no scroll cursor for select {table.listed} from {table.name}"
        )
        while rows := await self._connection.fetch(fetch):
            yield _without_booleans(table, rows)
        await self._connection.execute(f"close {cursor}")

    async def find(self, table: Table, keys: Sequence[Row]) -> list[Row]:
        """Return the rows that have these keys."""
        columns = table.key_columns
        names = ", ".join(column.name for column in columns)
        lists = ", ".join(f"${n}::{column.kind}[]" for n, column in enumerate(columns, 1))
        rows = await self._connection.fetch(
            f"select {table.listed} from {table.name} "
            f"where ({names}) in (select * from unnest({lists}))",
            *([key[position] for key in keys] for position in range(len(columns))),
        )
        return _without_booleans(table, rows)

    async def count(self, table: Table) -> int:
        """Return how many rows a table has."""
        return int(await self._connection.fetchval(f"select count(*) from {table.name}"))

    async def clear(self, table: Table) -> None:
        """Drop the rows of a table."""
        await self._connection.execute(f"delete from {table.name}")

    async def add(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert rows."""
        try:
            await self._connection.copy_records_to_table(
                table.name, records=_with_booleans(table, rows), columns=list(table.names)
            )
        except (asyncpg.DataError, TypeError, ValueError) as trouble:
            message = (
                f"PostgreSQL does not take a row of the table {table.name}"
                f"{_culprit(table, rows)}: {server.words(trouble)}."
            )
            raise Forbidden(message) from trouble


@asynccontextmanager
async def reading(address: Address, *, hold: bool = False) -> AsyncIterator[Connection]:
    """Open a session on one snapshot of the database; nothing is changed.

    With ``hold`` nobody writes meanwhile, and nobody else may be connected.
    """
    connection = await server.connect(address)
    try:
        with _told(address):
            await connection.execute(_SEEING)
            await connection.execute(_PATIENT)
            if hold:
                # Before the first look: that one chooses the moment that is seen.
                await _lock(connection, current_tables(), "share")
                await _require_alone(connection, address)
            yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def writing(address: Address) -> AsyncIterator[PostgresqlPlace]:
    """Make the tables where they are missing and give them to be filled, all or nothing.

    Raises ``Forbidden`` where somebody's rows are in them.
    """
    connection = await server.connect(address)
    try:
        with _told(address):
            await server.check(connection, address)
            await server.bring_up_to_date(connection)
            tables = current_tables()
            await connection.execute("begin")
            await connection.execute(_PATIENT)
            await _lock(connection, tables, "exclusive")
            place = PostgresqlPlace(connection)
            await _require_empty(place, tables, address)
            yield place
            await connection.execute("commit")
            for table in tables:
                await connection.execute(f"analyze {table.name}")
    finally:
        connection.terminate()


async def require_empty(address: Address) -> None:
    """Raise ``Forbidden`` where somebody's rows are in the database."""
    async with reading(address) as connection:
        visible = await connection.fetch(
            "select relname from pg_class where relkind = 'r' and pg_table_is_visible(oid)"
        )
        here = {row["relname"] for row in visible}
        tables = [table for table in current_tables() if table.name in here]
        await _require_empty(PostgresqlPlace(connection), tables, address)


async def lacking(connection: Connection, address: Address) -> list[Migration]:
    """Return what a database lacks; raise ``SchemaMismatch`` for what we do not know."""
    if await connection.fetchval(f"select to_regclass('{BOOK}')") is None:
        raise Forbidden(f"The database {address} is not one of this program.")
    found = await server.pending(connection)
    rows = await connection.fetch(f"select number from {BOOK}")
    require_known(row["number"] for row in rows)
    return found


async def _lock(connection: Connection, tables: Sequence[Table], mode: str) -> None:
    names = ", ".join(table.name for table in tables)
    await connection.execute(f"lock table {names} in {mode} mode")


async def _require_alone(connection: Connection, address: Address) -> None:
    """Raise where somebody else has a session here: a server would write on in what was moved away.

    Whatever a session calls itself: behind a pooler a server's has the pooler's name, or none.
    """
    until = time.monotonic() + _LEAVES_WITHIN
    while (others := await connection.fetch(_OTHERS)) and time.monotonic() < until:
        await asyncio.sleep(_LEAVES_WITHIN / 10)
        await connection.execute("select pg_stat_clear_snapshot()")
    if others:
        count = sum(row["sessions"] for row in others)
        whose = ", ".join(f"{row['program'] or 'unnamed'} of {row['role']}" for row in others)
        message = (
            f"Somebody else is connected to the database {address} "
            f"({count} {'session' if count == 1 else 'sessions'}: {whose}): "
            "stop every server and worker first, and pause or stop a pooler, "
            "whose idle sessions count too."
        )
        raise Unavailable(message)


async def _require_empty(place: PostgresqlPlace, tables: Sequence[Table], address: Address) -> None:
    rows = await filled(place, tables)
    if rows:
        found = ", ".join(f"{count} in {name}" for name, count in rows.items())
        raise Forbidden(f"The database {address} is not empty: it has rows ({found}).")


def _booleans(table: Table) -> list[int]:
    return [at for at, column in enumerate(table.columns) if column.kind == "boolean"]


def _without_booleans(table: Table, rows: Sequence[Any]) -> list[Row]:
    """Return rows as SQLite has them: a boolean is a number."""
    places = _booleans(table)
    if not places:
        return [tuple(row) for row in rows]
    found = [list(row) for row in rows]
    for row in found:
        for at in places:
            row[at] = None if row[at] is None else int(row[at])
    return [tuple(row) for row in found]


def _with_booleans(table: Table, rows: Sequence[Row]) -> Sequence[Row]:
    places = _booleans(table)
    if not places:
        return rows
    found = [list(row) for row in rows]
    for row in found:
        for at in places:
            row[at] = None if row[at] is None else bool(row[at])
    return [tuple(row) for row in found]


def _culprit(table: Table, rows: Sequence[Row]) -> str:
    """Name the first row with what PostgreSQL has no place for: a zero byte in a text."""
    for row in rows:
        if any(isinstance(value, str) and "\0" in value for value in row):
            return f" ({', '.join(str(part) for part in table.key_of(row))})"
    return ""


@contextmanager
def _told(address: Address) -> Iterator[None]:
    try:
        yield
    except (*server.OUT_OF_REACH, asyncpg.InternalClientError) as trouble:
        # The driver's own confusion: the session broke off as it was about to be used.
        message = f"The database {address} cannot be used: {server.words(trouble)}."
        raise Unavailable(message) from trouble
