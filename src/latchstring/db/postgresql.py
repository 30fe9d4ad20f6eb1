"""PostgreSQL through asyncpg: transactions at read committed, each bounded in time.

What two requests could race for is decided by guarded statements. Where they cannot both go on
(a deadlock, a row that only one can insert) the work runs again from its beginning.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import asyncpg

from latchstring.base.errors import Unavailable
from latchstring.db import records, server
from latchstring.db.address import Address
from latchstring.db.batches import Batches
from latchstring.db.database import Load, Transaction, Undone, Values, Work
from latchstring.db.pool import Pool
from latchstring.db.server import Connection
from latchstring.db.statements import Numbered, Statement, numbered
from latchstring.db.timeline import timeline_of

Record = TypeVar("Record")
Result = TypeVar("Result")

TRANSACTION_SECONDS = 2.5
"""What people who sign in wait for; an administrator's command may take longer."""

_TRIES = 4
_CLOSING_SECONDS = 5.0
_ASK_AGAIN_SECONDS = 0.4
_KEY = "identifier_digest"
"""What the rows of a sign-in are kept and locked by."""

_BEGIN = "begin"
_COMMIT = "commit"
_BEGIN_READING = "begin isolation level repeatable read, read only"

RACED = (
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""Somebody else was in the way; the next try sees what they did."""

HELD = asyncpg.LockNotAvailableError
"""Somebody has held a row for long. Among many others it may just have been busy."""

OUT_OF_ORDER = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InternalClientError,
)
"""Not our mistake and possibly over soon: the caller is told to try again."""


@cache
def numbered_of(statement: Statement) -> Numbered:
    """Return a statement as PostgreSQL takes it."""
    return numbered(statement.text)


def arguments_of(names: tuple[str, ...], values: Values) -> list[object]:
    """Return the parameters in the order of their numbers."""
    return [records.to_column(values[name]) for name in names]


OnTimeline = Callable[[Transaction, str], Awaitable[object]]


class PostgresqlTransaction:
    """A transaction in a session."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        """Work in this session."""
        self._connection = connection

    async def one(
        self, statement: Statement, record: type[Record], values: Values
    ) -> Record | None:
        """Return the first row; the statement is still run to its end."""
        rows = await self.all(statement, record, values)
        return rows[0] if rows else None

    async def all(self, statement: Statement, record: type[Record], values: Values) -> list[Record]:
        """Return every row as the record."""
        sql = numbered_of(statement)
        rows = await self._connection.fetch(sql.text, *arguments_of(sql.names, values))
        return _read(rows, record)

    async def run(self, statement: Statement, values: Values) -> int:
        """Execute, and return how many rows were changed."""
        sql = numbered_of(statement)
        status = await self._connection.execute(sql.text, *arguments_of(sql.names, values))
        return int(status.rpartition(" ")[2])

    async def each(
        self, statement: Statement, record: type[Record], values: Sequence[Values]
    ) -> list[Record]:
        """Execute once for each set of values, in one round trip; return the rows of all."""
        sql = numbered_of(statement)
        arguments = [arguments_of(sql.names, found) for found in values]
        return _read(await self._connection.fetchmany(sql.text, arguments), record)


def _read(rows: list[Any], record: type[Record]) -> list[Record]:
    if not rows:
        return []
    read = records.reader_of(record, tuple(rows[0].keys()))
    return [read(row) for row in rows]


@dataclass(slots=True, eq=False)
class PostgresqlDatabase:
    """A database on a PostgreSQL server."""

    address: Address
    size: int
    """Sessions of this process at most."""

    on_timeline: OnTimeline | None = None
    """Told of the history that sessions write to: once, before anybody is lent a session on it."""

    patience: float = TRANSACTION_SECONDS
    """How long a transaction may take, waiting for a session included."""

    combined: bool = True
    """Whether one statement may do the work of a flow; an engine that spreads tables over
    machines wants each statement to need one key of one table."""

    _pool: Pool = field(init=False)
    _batches: Batches = field(init=False)
    _timeline: str | None = None
    _noticing: asyncio.Task[None] | None = None
    _asked_at: float = 0.0

    def __post_init__(self) -> None:
        """Open nothing yet."""
        self._pool = Pool(self._connect, self.size)
        self._batches = Batches(self._batch, RACED, _KEY, self.patience)

    async def open(self) -> "PostgresqlDatabase":
        """Bring the schema up to date; return self. Raise ``Unavailable``."""
        connection = await server.connect(self.address)
        try:
            await server.check(connection, self.address)
            await server.bring_up_to_date(connection)
        except OUT_OF_ORDER as trouble:
            raise Unavailable(detail=repr(trouble)) from trouble
        finally:
            connection.terminate()
        async with self._session():  # notices a failover before anything is read
            return self

    @property
    def load(self) -> Load:
        """How many sessions work, and how much waits for one."""
        return self._pool.load

    @property
    def at_once(self) -> Batches | None:
        """Statements that do the work of a flow, sharing round trips and commits."""
        return self._batches if self.combined else None

    async def transact(self, work: Work[Result]) -> Result:
        """Run the work in a transaction of its own, again where somebody was in the way."""
        async with _in_time(self.patience):
            for tries_left in reversed(range(_TRIES)):
                try:
                    return await self._attempt(work, _BEGIN)
                except (*RACED, HELD) as race:
                    if not tries_left:
                        raise Unavailable(detail=repr(race)) from race
                    await asyncio.sleep(random.random() * 0.02)  # noqa: S311 - a way out of step
        raise AssertionError("unreachable")

    async def read(self, work: Work[Result]) -> Result:
        """Run the work on one snapshot."""
        async with _in_time(self.patience):
            try:
                return await self._attempt(work, _BEGIN_READING)
            except HELD as held:  # a whole table
                raise Unavailable(detail=repr(held)) from held

    async def close(self) -> None:
        """Let what was accepted come to its end, for a while, then close the sessions."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._batches.drained()
        await self._pool.close()

    async def _attempt(self, work: Work[Result], begin: str) -> Result:
        async with self._session() as connection:
            await self._ask_again(connection)
            await connection.execute(begin)
            transaction: Transaction = PostgresqlTransaction(connection)
            try:
                result = await work(transaction)
            except Exception:  # who is cancelled has no time left: the session is closed instead
                await _roll_back(connection)
                raise
            if isinstance(result, Undone):
                await _roll_back(connection)
            else:
                await _commit(connection)
            return result

    async def _batch(self, sql: Numbered, arguments: list[list[object]]) -> list[Any]:
        """Execute a statement once for each set of arguments, all or none; a row for each.

        Raises ``HELD`` where one of many waits for a row that somebody holds: the others need not.
        """
        try:
            return await self._executed(sql, arguments)
        except HELD as held:
            if len(arguments) == 1:
                raise Unavailable(detail=repr(held)) from held
            raise

    async def _executed(self, sql: Numbered, arguments: list[list[object]]) -> list[Any]:
        async with _in_time(self.patience), self._session() as connection:
            if not self.address.pooled:
                rows = await connection.fetchmany(sql.text, arguments)
                return list(rows)
            await self._ask_again(connection)
            # Behind a pooler a transaction keeps all that the driver sends with one server session.
            await connection.execute(_BEGIN)
            try:
                rows = await connection.fetchmany(sql.text, arguments)
            except Exception:
                await _roll_back(connection)
                raise
            await _commit(connection)
            return list(rows)

    async def _connect(self) -> Connection:
        connection = await server.connect(self.address, self.patience)
        try:
            await self._notice(await timeline_of(connection))
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _ask_again(self, connection: Connection) -> None:
        """Ask for the timeline twice a second: behind a pooler a session outlives the server."""
        if not self.address.pooled:
            return
        if self._noticing is not None:
            await asyncio.shield(self._noticing)
        now = time.monotonic()
        if now - self._asked_at >= _ASK_AGAIN_SECONDS:
            await self._notice(await timeline_of(connection))
            self._asked_at = now

    async def _notice(self, timeline: str | None) -> None:
        """Wait until whoever has to know of another history has dealt with it.

        That may take longer than any request has: it goes on, and meanwhile requests are refused.
        """
        if timeline is None or timeline == self._timeline or self.on_timeline is None:
            return
        if self._noticing is None:
            self._noticing = asyncio.create_task(self._deal_with(self.on_timeline))
        await asyncio.shield(self._noticing)
        if timeline != self._timeline:  # a session on the server that was left behind
            raise Unavailable(detail=f"a session on timeline {timeline}")

    async def _deal_with(self, on_timeline: OnTimeline) -> None:
        try:
            connection = await server.connect(self.address)
            try:
                # Its own timeline: in a failover two sessions may be on two servers.
                timeline = await timeline_of(connection)
                if timeline is not None:
                    await _run_on_timeline(connection, on_timeline, timeline)
                self._timeline = timeline
                self._pool.renew()  # the others may be on the server that was left behind
            finally:
                connection.terminate()
        finally:
            self._noticing = None

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[Connection]:
        """Lend a session and turn its trouble into ``Unavailable``."""
        try:
            async with self._pool.session() as connection:
                try:
                    yield connection
                except asyncio.CancelledError:
                    # Whatever it was doing, nobody waits for it any more.
                    connection.terminate()
                    raise
        except OUT_OF_ORDER as trouble:
            raise Unavailable(detail=repr(trouble)) from trouble


async def _run_on_timeline(connection: Connection, on_timeline: OnTimeline, timeline: str) -> None:
    for tries_left in reversed(range(_TRIES)):
        try:
            async with connection.transaction():
                await connection.execute("set local statement_timeout = 0")
                await connection.execute("set local lock_timeout = 0")
                await connection.execute("set local idle_in_transaction_session_timeout = 0")
                await on_timeline(PostgresqlTransaction(connection), timeline)
                return
        except RACED:
            if not tries_left:
                raise


async def _commit(connection: Connection) -> None:
    # A transaction that has failed is rolled back by its commit, without an error.
    if await connection.execute(_COMMIT) != "COMMIT":
        raise Unavailable(detail="the transaction had failed")


async def _roll_back(connection: Connection) -> None:
    if not connection.is_closed():
        await connection.execute("rollback")


@contextlib.asynccontextmanager
async def _in_time(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as late:
        raise Unavailable(detail="the database did not answer in time") from late
