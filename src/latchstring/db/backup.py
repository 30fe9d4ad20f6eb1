"""A backup: one SQLite file that holds a database as it was at one moment, of whichever kind."""

# ruff: noqa: PLC0415 - only the driver that is needed is imported

import contextlib
from pathlib import Path

import apsw

from latchstring.base.errors import Forbidden
from latchstring.base.settings_urls import database_path, is_sqlite
from latchstring.db import copying, snapshot, sqlite_place
from latchstring.db.new_file import new_file
from latchstring.db.shape import BOOK, Table, table_of, tables_of
from latchstring.db.sqlite_place import SqlitePlace


async def back_up(url: str, file: Path, *, replace: bool = False) -> dict[str, int]:
    """Copy a database into a file while servers go on; return the rows of each table.

    The file is checked, whole and durable when it appears.
    """
    if is_sqlite(url) and _is_same(file, database_path(url)):
        raise Forbidden(f"{file} is the database itself.")
    with new_file(file, replace=replace) as beside:
        if is_sqlite(url):
            return await copy_file(database_path(url), beside)
        return await _copy_server(url, beside)


async def copy_file(path: Path, beside: Path, *, each_row: bool = False) -> dict[str, int]:
    """Copy a SQLite file's pages into an empty file and check them; return the rows of each table.

    Its version does not matter. Each row is compared where it is asked for: that takes its time.
    """
    with sqlite_place.read(path) as source:
        snapshot.copy_pages(source, beside)
        snapshot.finish(beside)
        with sqlite_place.read(beside) as target:
            compare = copying.compare_rows if each_row else copying.compare_counts
            return await compare(SqlitePlace(source), SqlitePlace(target), _everything(source))


async def _copy_server(url: str, beside: Path) -> dict[str, int]:
    """Copy row by row, into tables of the version that the server's are of."""
    from latchstring.db import postgresql_place
    from latchstring.db.address import Address

    address = Address.of(url)
    async with postgresql_place.reading(address) as session:
        lacking = {each.number for each in await postgresql_place.lacking(session, address)}
        source = postgresql_place.PostgresqlPlace(session)
        with sqlite_place.write(beside, without=lacking) as file:
            tables, target = _everything(file), SqlitePlace(file)
            await copying.copy(source, target, tables)
            counts = await copying.compare_counts(source, target, tables)
    snapshot.finish(beside)
    return counts


def _everything(file: apsw.Connection) -> list[Table]:
    return [table_of(file, BOOK), *tables_of(file)]


def _is_same(file: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return file.samefile(other)
    return False
