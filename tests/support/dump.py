"""What somebody holds who stole the database."""

import asyncio
import io
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import dropwhile
from typing import Any, TypeVar

import apsw
import asyncpg
from apsw import shell

from tests.support.house import House

Result = TypeVar("Result")

_TABLES = """
select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables
where schemaname not in ('pg_catalog', 'information_schema') order by 1
"""


def dump(house: House) -> str:
    """Return everything that the database holds, as text."""
    if not house.settings.is_sqlite:
        return _from_outside(_everything(house.settings.database_url))
    told = io.StringIO()
    with closing(_opened(house)) as connection:
        shell.Shell(stdout=told, db=connection).process_command(".dump")
    return "\n".join(dropwhile(_is_remark, told.getvalue().split("\n")))


def _is_remark(line: str) -> bool:
    """Tell what the shell says first, of itself and of the second in which it was asked."""
    return line.startswith("-- ")


def rows(house: House, query: str) -> list[tuple[Any, ...]]:
    """Return what a query finds; only for looking."""
    if not house.settings.is_sqlite:
        return _from_outside(_found(house.settings.database_url, query))
    with closing(_opened(house)) as connection:
        return list(connection.execute(query))


def change(house: House, statement: str) -> None:
    """Change what the database holds, behind the program's back."""
    if not house.settings.is_sqlite:
        _from_outside(_found(house.settings.database_url, statement))
        return
    with closing(_opened(house)) as connection, connection:
        connection.execute(statement)


def _opened(house: House) -> apsw.Connection:
    # By the program's own SQLite: a second one in this process would drop its locks on closing.
    return apsw.Connection(str(house.settings.database_path))


def _from_outside(work: Coroutine[Any, Any, Result]) -> Result:
    """Run this to its end on a loop of its own: the asking thread has one that is underway."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _found(url: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def _everything(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        lines = []
        for (table,) in await connection.fetch(_TABLES):
            found = await connection.fetch(f"select * from {table}")  # noqa: S608 - our own names
            lines += sorted(f"{table}({', '.join(map(_literal, row))})" for row in found)
        return "\n".join(lines)
    finally:
        await connection.close()


def _literal(value: object) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
