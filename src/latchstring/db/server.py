"""The PostgreSQL server: reached, checked and brought up to date; a refusal is one sentence."""

import asyncio
import socket
import ssl
from typing import Any, TypeAlias

import asyncpg

from latchstring.base.clock import milliseconds
from latchstring.base.errors import Unavailable
from latchstring.base.logging import get_logger
from latchstring.db import migrate
from latchstring.db.address import Address
from latchstring.db.database import ANOTHER_WAIT_SECONDS
from latchstring.db.migrate import Applied, Migration

Connection: TypeAlias = Any
"""One session on the server: ``asyncpg.Connection``, which has no types."""

CONNECT_SECONDS = 2.0
STATEMENT_SECONDS = 2.5
"""How long a statement may take; who asked has been told to try again by then."""

_LOCK_SHARE = 0.44
"""How much of that it may wait for a row that somebody holds: longer than the second after which
the server finds a deadlock, and short enough that those who share a batch still have their turn."""

_OLDEST = 130_000
_MIGRATING = 7_236_102_548_314_119
"""The key of the lock under which one of many starting nodes brings the schema up to date."""

_TABLE_SECONDS = 0.4 * ANOTHER_WAIT_SECONDS
"""How long a migration waits for one table at a time. Requests that come meanwhile wait behind it,
and then must still have time for what else they are to ask."""

_TABLE_PAUSE_SECONDS = 2.0
_TABLE_TRIES = 270
"""Ten minutes in all."""

_KEEP_ALIVE = {
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 20_000,
}
"""Seconds of silence before the first question, between two, how many; ms without an answer."""

_SESSION = {
    "application_name": "latchstring",
    "client_encoding": "UTF8",
    "idle_in_transaction_session_timeout": "10000",
    # Our statements are few and each knows its index. Planned once: planning one that does the
    # work of a whole flow costs more than running it. And never by walking a table, which is what
    # a planner chooses that met the table while it was empty.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
}

OUT_OF_REACH = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
"""What a server, the way to it, and the driver may refuse with."""


async def connect(address: Address, patience: float = STATEMENT_SECONDS) -> Connection:
    """Open a session whose statements take ``patience`` seconds at most; raise ``Unavailable``.

    A pooler in transaction mode gives each transaction another session: nothing may be kept in
    one, neither settings nor prepared statements.
    """
    limits = {
        "statement_timeout": f"{int(patience * 1000)}",
        "lock_timeout": f"{int(patience * 1000 * _LOCK_SHARE)}",
    }
    options: dict[str, Any] = {"server_settings": _SESSION | limits}
    if address.pooled:
        options = {"statement_cache_size": 0}
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await asyncpg.connect(**address.as_arguments(), **options)
    except (*OUT_OF_REACH, ssl.SSLError) as trouble:
        message = f"The database {address} cannot be reached: {words(trouble)}."
        raise Unavailable(message, detail=repr(trouble)) from trouble
    _keep_alive(connection)
    return connection


def _keep_alive(connection: Connection) -> None:
    """Notice within 20 s that the way to the server is gone, also where no time limit applies."""
    found = connection._transport.get_extra_info("socket")  # noqa: SLF001 - the driver shows it nowhere else
    if found is None or found.family == socket.AF_UNIX:
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE.items():
        if hasattr(socket, name):  # not every system has each
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def check(connection: Connection, address: Address) -> None:
    """Raise ``Unavailable`` for a server that cannot keep what this program promises."""
    version = int(await connection.fetchval("show server_version_num"))
    if version < _OLDEST:
        message = f"The database {address} is older than PostgreSQL 13."
        raise Unavailable(message)
    if await connection.fetchval("show synchronous_commit") == "off":
        # What was acknowledged would be lost with a power cut.
        message = f"The database {address} has synchronous_commit = off. Set it to on."
        raise Unavailable(message)
    if await connection.fetchval("show server_encoding") != "UTF8":
        message = f"The database {address} is not in UTF8."
        raise Unavailable(message)


async def bring_up_to_date(connection: Connection) -> list[Migration]:
    """Apply pending migrations, all or nothing, and return them; raise ``Unavailable``.

    Of nodes that start at once, one does it and the others wait for it. A table that somebody
    holds, a backup perhaps, is asked for again and again and never for long: behind who waits for
    a whole table, everybody else waits too.
    """
    if not await pending(connection):
        return []
    for patience_left in reversed(range(_TABLE_TRIES)):
        try:
            return await _migrated(connection)
        except asyncpg.LockNotAvailableError as held:
            if not patience_left:
                message = "The schema can't be brought up to date: somebody holds a table of it."
                raise Unavailable(message, detail=repr(held)) from held
            get_logger().warning("migration_waits", reason=words(held))
            await asyncio.sleep(_TABLE_PAUSE_SECONDS)
    raise AssertionError("unreachable")


async def _migrated(connection: Connection) -> list[Migration]:
    async with connection.transaction():
        await connection.execute("set local statement_timeout = 0")
        await connection.execute("set local lock_timeout = 0")
        await connection.execute(f"select pg_advisory_xact_lock({_MIGRATING})")
        await connection.execute(f"set local lock_timeout = '{_TABLE_SECONDS}s'")
        await connection.execute(migrate.BOOK)
        todo = await pending(connection)  # another node may have been faster
        for migration in todo:
            await connection.execute(migration.text)
            await connection.execute(
                "insert into schema_migrations (number, name, checksum, applied_at) "
                "values ($1, $2, $3, $4)",
                migration.number,
                migration.name,
                migration.checksum,
                milliseconds(),
            )
        for migration in todo:
            if migration.older_may_run:
                await connection.execute(
                    "update schema_migrations set older_may_run = true where number = $1",
                    migration.number,
                )
    return todo


async def pending(connection: Connection) -> list[Migration]:
    """Return what the database lacks; raise ``SchemaMismatch``."""
    if await connection.fetchval("select to_regclass('schema_migrations')") is None:
        return migrate.known()
    tolerant = await connection.fetchval(
        "select count(*) > 0 from pg_attribute where attrelid = to_regclass('schema_migrations') "
        "and attname = 'older_may_run' and not attisdropped"
    )
    rows = await connection.fetch(migrate.READ_BOOK if tolerant else migrate.READ_OLD_BOOK)
    return migrate.unapplied(Applied(*row) for row in rows)


def words(trouble: BaseException) -> str:
    """Return what a server or the system said, which never holds the password."""
    if isinstance(trouble, TimeoutError):
        return "it does not answer"
    if isinstance(trouble, OSError):
        return trouble.strerror or str(trouble) or type(trouble).__name__
    # Not the whole of it: the details of a refusal quote rows.
    return str(trouble.args[0] if trouble.args else trouble).rstrip(".")
