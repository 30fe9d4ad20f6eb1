"""SQLite through apsw: one writer thread, one commit for a group of flows.

A durable commit costs an fsync; a flow costs microseconds. So one thread owns the only writing
connection, runs each waiting flow inside a savepoint of its own, commits once for all of them, and
only then answers. WAL keeps readers out of its way; ``synchronous=FULL`` makes the commit survive
a power cut, which WAL with ``NORMAL`` would not.
"""

import asyncio
import contextlib
import itertools
import queue
import threading
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import apsw

from latchstring.base.errors import Unavailable
from latchstring.db import records
from latchstring.db.database import Transaction, Undone, Values, Work
from latchstring.db.file import bring_up_to_date, connect, held_alone
from latchstring.db.statements import Statement

__all__ = ["SqliteDatabase", "SqliteTransaction", "connect", "held_alone"]

Record = TypeVar("Record")
Result = TypeVar("Result")

_GROUP = 64
"""Flows in one commit at most: bounds how long the first of them waits for the last."""

_MOST_WAITING = 2_000
"""Flows in the queue at most: more would only wait for an answer that nobody reads any more."""

_BUSY_MILLISECONDS = 2_000
"""How long a group waits for another process (worker, command line) to end its transaction."""

_READER_MILLISECONDS = 50
"""Readers wait for nobody but a recovery, and the event loop waits with them."""

_NOT_OPEN = "the database is not open"
_TROUBLE = (
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
)
"""Not our mistake and possibly over soon: the caller is told to try again."""


class SqliteTransaction:
    """A transaction on a connection; its coroutines never suspend."""

    __slots__ = ("_connection", "_readers")

    def __init__(self, connection: apsw.Connection, readers: dict[Any, Any]) -> None:
        """Share the connection's cache of row readers."""
        self._connection = connection
        self._readers = readers

    async def one(
        self, statement: Statement, record: type[Record], values: Values
    ) -> Record | None:
        """Return the first row; the statement is still run to its end, as RETURNING demands."""
        rows = await self.all(statement, record, values)
        return rows[0] if rows else None

    async def all(self, statement: Statement, record: type[Record], values: Values) -> list[Record]:
        """Return every row as the record."""
        cursor = self._connection.execute(statement.text, records.to_columns(values))
        first = cursor.fetchone()
        if first is None:
            return []
        read = self._readers.get((statement, record))
        if read is None:
            columns = tuple(column[0] for column in cursor.get_description())
            read = self._readers[statement, record] = records.reader(record, columns)
        return [read(first), *map(read, cursor)]

    async def each(
        self, statement: Statement, record: type[Record], values: Sequence[Values]
    ) -> list[Record]:
        """Execute once for each set of values; return the rows of all."""
        return [row for found in values for row in await self.all(statement, record, found)]

    async def run(self, statement: Statement, values: Values) -> int:
        """Execute, and return how many rows were changed."""
        self._connection.execute(statement.text, records.to_columns(values)).fetchall()
        return self._connection.changes()


@dataclass(slots=True, eq=False)
class _Job:
    work: Work[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.future.done():  # the caller went away; what was committed stays committed
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


@dataclass(slots=True, eq=False)
class SqliteDatabase:
    """One file, one writer thread, one reading connection."""

    path: Path
    _jobs: queue.SimpleQueue[_Job | None] = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None
    _reader: apsw.Connection | None = None
    _reading: dict[Any, Any] = field(default_factory=dict)

    def open(self) -> "SqliteDatabase":
        """Bring the schema up to date and start the writer; return self."""
        connection = connect(self.path)
        try:
            bring_up_to_date(connection, self.path)
        except BaseException:
            connection.close()
            raise
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        self._reader = connect(self.path)
        self._reader.execute("pragma query_only = on")
        self._reader.set_busy_timeout(_READER_MILLISECONDS)
        self._thread = threading.Thread(
            target=_Writer(connection, self._jobs).run, name="sqlite-writer", daemon=True
        )
        self._thread.start()
        return self

    @property
    def at_once(self) -> None:
        """SQLite writes one table per statement."""
        return

    async def transact(self, work: Work[Result]) -> Result:
        """Queue the work for the writer and wait for its group's commit."""
        if self._thread is None:
            raise Unavailable(detail=_NOT_OPEN)
        if self._jobs.qsize() >= _MOST_WAITING:
            raise Unavailable(detail="too many flows are waiting for the writer")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._jobs.put(_Job(work, future, loop))
        return await future

    async def read(self, work: Work[Result]) -> Result:
        """Run the work here and now: a point read takes less time than a thread switch."""
        reader = self._reader
        if reader is None:
            raise Unavailable(detail=_NOT_OPEN)
        try:
            reader.execute("begin")
            try:
                return _drive(work, SqliteTransaction(reader, self._reading))
            finally:
                reader.execute("commit")
        except _TROUBLE as trouble:
            raise Unavailable(detail=str(trouble)) from trouble

    async def close(self) -> None:
        """Let the writer finish what it has, then close both connections."""
        thread, self._thread = self._thread, None  # from here on nothing more is accepted
        if thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class _Writer:
    """The thread that owns the writing connection."""

    def __init__(self, connection: apsw.Connection, jobs: "queue.SimpleQueue[_Job | None]") -> None:
        self._connection = connection
        self._jobs = jobs
        self._transaction = SqliteTransaction(connection, {})
        self._stopping = False

    def run(self) -> None:
        while not self._stopping:
            job = self._jobs.get()
            if job is None:
                break
            group: list[_Job] = []
            try:
                self._commit_group(job, group)
            except apsw.BusyError as trouble:
                # Whoever waited behind them would only wait as long again, one after the other.
                group.extend(self._waiting())
                self._fail(group, trouble)
            except Exception as trouble:  # noqa: BLE001 - whatever it is, nobody may wait forever
                self._fail(group, trouble)
            for done in group:
                _answer(done)
        self._connection.close()

    def _commit_group(self, first: _Job, group: list[_Job]) -> None:
        group.append(first)
        self._connection.execute("begin immediate")
        self._run_one(first)
        for job in itertools.islice(self._waiting(), _GROUP - 1):
            group.append(job)
            self._run_one(job)
        self._connection.execute("commit")

    def _waiting(self) -> Iterator[_Job]:
        """Take what is queued just now, up to the word to stop."""
        while not self._stopping:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            if job is None:
                self._stopping = True
            else:
                yield job

    def _run_one(self, job: _Job) -> None:
        self._connection.execute("savepoint flow")
        try:
            job.result = _drive(job.work, self._transaction)
            if isinstance(job.result, Undone):
                self._connection.execute("rollback to flow")
        except _TROUBLE:
            raise  # the group may be lost with it: SQLite can roll back everything on a full disk
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            job.error = error
            self._connection.execute("rollback to flow")
        self._connection.execute("release flow")

    def _fail(self, group: list[_Job], trouble: Exception) -> None:
        with contextlib.suppress(apsw.Error):
            if self._connection.in_transaction:
                self._connection.execute("rollback")
        for job in group:
            job.error = _as_unavailable(trouble)


def _as_unavailable(trouble: Exception) -> Exception:
    if not isinstance(trouble, _TROUBLE):
        return trouble
    error = Unavailable(detail=f"{type(trouble).__name__}: {trouble}")
    error.__cause__ = trouble
    return error


def _answer(job: _Job) -> None:
    # A loop that was closed meanwhile has nobody waiting.
    with contextlib.suppress(RuntimeError):
        job.loop.call_soon_threadsafe(job.settle)


def _drive(work: Work[Result], transaction: Transaction) -> Result:
    """Run a coroutine to its end without a loop; SQLite's statements never suspend."""
    coroutine = cast("Coroutine[Any, Any, Result]", work(transaction))
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("Result", end.value)
    coroutine.close()
    message = "a flow awaited something other than its transaction"
    raise RuntimeError(message)
