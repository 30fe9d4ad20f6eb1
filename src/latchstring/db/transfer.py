"""Copy an installation from one database into an empty one, of either kind, row by row.

Only the driver that is needed is imported.
"""

# ruff: noqa: PLC0415 - imports inside functions are what this module is for

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

from latchstring.base.errors import Forbidden, Unavailable
from latchstring.base.folders import make_private
from latchstring.base.settings_urls import database_path, is_sqlite
from latchstring.db import copying
from latchstring.db.copying import Place
from latchstring.db.migrate import Migration
from latchstring.db.shape import current_tables


async def transfer(source: str, target: str, *, hold: bool = False) -> dict[str, int]:
    """Copy everything, compare every row, and only then keep it; return the rows of each table.

    The source is only read, on one snapshot; with ``hold`` nobody else writes to it meanwhile. The
    target must be empty. Raises ``Forbidden`` or ``Unavailable``, and then nothing was kept.
    """
    async with reading(source, hold=hold) as sent, writing(target) as arrived:
        tables = current_tables()
        await copying.copy(sent, arrived, tables)
        return await copying.compare_rows(sent, arrived, tables)


def require_there(url: str) -> None:
    """Raise ``Forbidden`` where a URL names a file that does not exist."""
    if is_sqlite(url) and not database_path(url).exists():
        raise Forbidden(f"There is no database {database_path(url)}.")


async def require_empty(url: str) -> None:
    """Raise ``Forbidden`` for a file that is there already, or a server that holds rows."""
    if is_sqlite(url):
        from latchstring.db.new_file import require_free

        require_free(database_path(url))
        return
    from latchstring.db import postgresql_place
    from latchstring.db.address import Address

    await postgresql_place.require_empty(Address.of(url))


@contextmanager
def held_alone(*urls: str) -> Iterator[None]:
    """Hold the place of the server on each SQLite file; raise ``Unavailable`` where one runs."""
    from latchstring.db import file

    with ExitStack() as stack:
        for url in filter(is_sqlite, urls):
            stack.enter_context(file.held_alone(database_path(url)))
        yield


@asynccontextmanager
async def reading(url: str, *, hold: bool = False) -> AsyncIterator[Place]:
    """Open a database of this version for reading, on one snapshot."""
    if is_sqlite(url):
        from latchstring.db import sqlite_place

        path = database_path(url)
        with sqlite_place.read(path, hold=hold) as file:
            _require_current(str(path), sqlite_place.lacking(file))
            yield sqlite_place.SqlitePlace(file)
        return
    from latchstring.db import postgresql_place
    from latchstring.db.address import Address

    address = Address.of(url)
    async with postgresql_place.reading(address, hold=hold) as session:
        _require_current(str(address), await postgresql_place.lacking(session, address))
        yield postgresql_place.PostgresqlPlace(session)


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[Place]:
    """Make an empty database to be filled; what was put into it is kept when this ends well."""
    if not is_sqlite(url):
        from latchstring.db import postgresql_place
        from latchstring.db.address import Address

        async with postgresql_place.writing(Address.of(url)) as place:
            yield place
        return
    from latchstring.db import snapshot, sqlite_place
    from latchstring.db.new_file import new_file

    path = database_path(url)
    make_private(path.parent)
    with new_file(path) as beside:
        with sqlite_place.write(beside) as file:
            yield sqlite_place.SqlitePlace(file)
        snapshot.finish(beside)


def _require_current(name: str, lacking: list[Migration]) -> None:
    if lacking:
        raise Unavailable(f"The database {name} is of an older version: migrate it first.")
