"""Opens the database that ``database_url`` names.

Only the driver it needs is imported: who runs on SQLite shall not wait for PostgreSQL's.
"""

# ruff: noqa: PLC0415 - imports inside functions are what this module is for

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from latchstring.base.settings import Settings
from latchstring.db.database import Database, Transaction
from latchstring.db.migrate import Migration

OnTimeline = Callable[[Transaction, str], Awaitable[object]]
"""What notices that another server took over."""


PEOPLE = 2.5
ADMINISTRATORS = 60.0
"""Seconds that a transaction may take: so long each of them waits."""


async def open_database(
    settings: Settings, on_timeline: OnTimeline | None = None, patience: float = PEOPLE
) -> Database:
    """Return the database with its schema up to date; raise ``Unavailable``."""
    return await open_url(
        settings.database_url,
        connections=settings.database_connections,
        combined=settings.database_statements == "combined",
        on_timeline=on_timeline,
        patience=patience,
    )


async def open_url(
    url: str,
    *,
    connections: int = 10,
    combined: bool = True,
    on_timeline: OnTimeline | None = None,
    patience: float = PEOPLE,
) -> Database:
    """Return the database of a URL, opened; raise ``Unavailable``."""
    if url.startswith("sqlite:"):
        from latchstring.base.settings_urls import database_path
        from latchstring.db.sqlite import SqliteDatabase

        return SqliteDatabase(database_path(url), patience).open()
    from latchstring.db.address import Address
    from latchstring.db.postgresql import PostgresqlDatabase

    address = Address.of(url)
    database = PostgresqlDatabase(
        address, connections, on_timeline, patience=patience, combined=combined
    )
    return await database.open()


async def migrate_database(settings: Settings) -> list[Migration]:
    """Bring the schema up to date and return what was applied; raise ``Unavailable``."""
    if settings.is_sqlite:
        from latchstring.db import file

        found = file.connect(settings.database_path)
        try:
            return file.bring_up_to_date(found, settings.database_path)
        finally:
            found.close()
    from latchstring.db import server
    from latchstring.db.address import Address

    address = Address.of(settings.database_url)
    connection = await server.connect(address)
    try:
        await server.check(connection, address)
        return await server.bring_up_to_date(connection)
    finally:
        connection.terminate()


@contextmanager
def held_alone(settings: Settings) -> Iterator[None]:
    """Hold the place of the one server on a SQLite file; PostgreSQL has room for many."""
    if not settings.is_sqlite:
        yield
        return
    from latchstring.db import file

    with file.held_alone(settings.database_path):
        yield
