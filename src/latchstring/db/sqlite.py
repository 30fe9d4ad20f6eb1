"""SQLite through apsw: one writing connection, one commit for a group of flows.

A durable commit costs an fsync; a flow costs microseconds. So each waiting flow runs inside a
savepoint of its own on the only writing connection, one commit is for all of them, and only then
are they answered. WAL keeps readers out of its way; ``synchronous=FULL`` makes the commit survive
a power cut, which WAL with ``NORMAL`` would not.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import apsw
import msgspec

from latchstring.base.errors import Unavailable
from latchstring.db import records
from latchstring.db.database import Load, Transaction, Undone, Values, Work
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

_PATIENCE_SECONDS = 2.5
"""What people who sign in wait for; an administrator's command may take longer."""

_CLOSING_SECONDS = 5.0
"""What the disk is given at the end. What it keeps afterwards, it keeps without us."""

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


class _Job(msgspec.Struct, eq=False):
    work: Work[Any]
    future: asyncio.Future[Any]
    due: float
    """When the caller stops waiting, on the loop's clock."""

    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Tell the caller, unless they went away; what was committed stays committed."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)

    def refuse(self) -> None:
        """Tell the caller that it takes too long; what was done may still be kept."""
        if not self.future.done():
            self.future.set_exception(Unavailable(detail="the disk did not answer in time"))


class SqliteDatabase(msgspec.Struct, eq=False):
    """One file, one writing connection, one reading connection."""

    path: Path
    patience: float = _PATIENCE_SECONDS
    """How long the writer may take for a flow, waiting for its turn included."""

    _writer: "_Writer | None" = None
    _reader: apsw.Connection | None = None
    _reading: dict[Any, Any] = msgspec.field(default_factory=dict)

    def open(self) -> "SqliteDatabase":
        """Bring the schema up to date and open both connections; return self."""
        connection = connect(self.path)
        try:
            bring_up_to_date(connection, self.path)
        except BaseException:
            connection.close()
            raise
        self._reader = connect(self.path)
        self._reader.execute("pragma query_only = on")
        self._reader.set_busy_timeout(_READER_MILLISECONDS)
        self._writer = _Writer(connection, self.patience)
        return self

    @property
    def load(self) -> Load:
        """How many flows wait for their group's turn."""
        return self._writer.load if self._writer else Load(0, 0)

    @property
    def at_once(self) -> None:
        """SQLite writes one table per statement."""
        return

    async def transact(self, work: Work[Result]) -> Result:
        """Queue the work for the writer and wait for its group's commit."""
        writer = self._writer
        if writer is None:
            raise Unavailable(detail=_NOT_OPEN)
        return cast("Result", await writer.accept(work))

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
        writer, self._writer = self._writer, None  # from here on nothing more is accepted
        if writer is not None:
            await writer.close()
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class _Writer:
    """The writing connection, and the groups of flows that go through it one after the other.

    Statements run on the event loop's thread, where they take microseconds: handed to another
    thread, each would cost more in taking turns with the interpreter than in the database. What
    can take long is the disk and other processes, so beginning (where somebody holds the file) and
    committing happen in a thread, and the next group gathers meanwhile.
    """

    def __init__(self, connection: apsw.Connection, patience: float) -> None:
        connection.set_busy_timeout(0)
        self._patience = patience
        self._connection = connection
        self._transaction = SqliteTransaction(connection, {})
        self._waiting: list[_Job] = []
        self._group: list[_Job] = []
        """What the disk has at this moment."""
        self._watch: asyncio.TimerHandle | None = None
        self._underway = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._errands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._wait_for_disk, name="sqlite", daemon=True)
        self._thread.start()

    @property
    def load(self) -> Load:
        return Load(int(self._underway), len(self._waiting))

    def accept(self, work: Work[Any]) -> asyncio.Future[Any]:
        """Return the work's outcome to come, once it is durable."""
        if len(self._waiting) >= _MOST_WAITING:
            raise Unavailable(detail="too many flows are waiting for the writer")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        due = loop.time() + self._patience
        self._waiting.append(_Job(work, future, due))
        if self._watch is None:
            self._watch = loop.call_at(due, self._refuse_late, loop)
        if not self._underway:
            # Not at once: whoever else arrives in this turn of the loop shares the commit.
            self._underway = True
            self._idle.clear()
            loop.call_soon(self._begin, loop)
        return future

    async def close(self) -> None:
        """Finish what was accepted, then close the connection; leave it to a disk that stalls."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._idle.wait()
        if self._underway:
            self._errands.put(self._abandon)
            self._errands.put(None)
            return
        if self._watch is not None:
            self._watch.cancel()
        self._errands.put(None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    def _abandon(self) -> None:
        """Close in the thread, once the disk has come back; the loop may look in just then."""
        with contextlib.suppress(apsw.Error):
            self._connection.close()

    def _refuse_late(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let nobody wait longer than they have patience; look again when the next one is due.

        Who has not had their turn is forgotten. One timer watches over all of them.
        """
        now = loop.time()
        for job in (*self._group, *self._waiting):
            if job.due <= now:
                job.refuse()
        self._waiting = [job for job in self._waiting if job.due > now]
        dues = [job.due for job in (*self._group, *self._waiting) if not job.future.done()]
        self._watch = loop.call_at(min(dues), self._refuse_late, loop) if dues else None

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._connection.execute("begin immediate")
        except apsw.BusyError:
            self._in_thread(loop, self._begin_patiently, self._run_group)
        except Exception as trouble:  # noqa: BLE001 - whatever it is, nobody may wait forever
            self._run_group(loop, trouble)
        else:
            self._run_group(loop, None)

    def _begin_patiently(self) -> None:
        self._connection.set_busy_timeout(_BUSY_MILLISECONDS)
        try:
            self._connection.execute("begin immediate")
        finally:
            self._connection.set_busy_timeout(0)

    def _run_group(self, loop: asyncio.AbstractEventLoop, trouble: Exception | None) -> None:
        # Who waited behind a file that somebody holds would only wait as long again.
        size = len(self._waiting) if isinstance(trouble, apsw.BusyError) else _GROUP
        group, self._waiting = self._waiting[:size], self._waiting[size:]
        if trouble is not None:
            self._end(loop, group, trouble)
            return
        began = loop.time()
        try:
            for job in group:
                self._run_one(job)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait forever
            self._end(loop, group, error)
        else:
            self._group = group
            # While statements hold the loop nobody is late; who changes many rows gives the disk
            # as long again to write them down.
            took = loop.time() - began
            for job in group:
                job.due += 2 * took
            self._in_thread(loop, self._commit, lambda loop, error: self._end(loop, group, error))

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

    def _commit(self) -> None:
        self._connection.execute("commit")

    def _end(
        self, loop: asyncio.AbstractEventLoop, group: list[_Job], trouble: Exception | None
    ) -> None:
        """Answer a group that is durable, or that is lost; then begin the next."""
        if trouble is not None:
            with contextlib.suppress(apsw.Error):
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
            for job in group:
                job.error = _as_unavailable(trouble)
        self._group = []
        for job in group:
            job.settle()
        if self._waiting:
            loop.call_soon(self._begin, loop)
        else:
            self._underway = False
            self._idle.set()

    def _in_thread(
        self,
        loop: asyncio.AbstractEventLoop,
        errand: Callable[[], None],
        then: Callable[[asyncio.AbstractEventLoop, Exception | None], None],
    ) -> None:
        def go() -> None:
            trouble = None
            try:
                errand()
            except Exception as error:  # noqa: BLE001 - told to the loop, which decides
                trouble = error
            # A loop that was closed meanwhile has nobody waiting.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(then, loop, trouble)

        self._errands.put(go)

    def _wait_for_disk(self) -> None:
        while (errand := self._errands.get()) is not None:
            errand()


def _as_unavailable(trouble: Exception) -> Exception:
    if not isinstance(trouble, _TROUBLE):
        return trouble
    error = Unavailable(detail=f"{type(trouble).__name__}: {trouble}")
    error.__cause__ = trouble
    return error


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
