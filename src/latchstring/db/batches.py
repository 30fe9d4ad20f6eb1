"""Callers of one statement who arrive together share a round trip and a commit.

A durable commit and a round trip cost as much as the statement itself. So while one batch is on its
way, those who come meanwhile gather for the next. A batch is all or nothing: where one caller's row
spoils it, each is done by itself, and only that one hears of it.

A batch keeps its locks until it ends. So that two of them never wait for each other, each is
executed in the order of the key whose rows its statement locks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from latchstring.base.errors import Unavailable
from latchstring.db import records
from latchstring.db.database import Values
from latchstring.db.statements import Numbered, Statement, numbered

Record = TypeVar("Record")

Execute = Callable[[Numbered, list[list[object]]], Awaitable[list[Any]]]
"""Executes a statement once for each set of arguments in one transaction; one row for each."""

_LARGEST = 64
_MOST_UNDERWAY = 4
"""Batches of one statement at a time: one of them may wait for a row that somebody holds."""

_PATIENCE_SECONDS = 0.004
"""How long callers gather while another batch is on its way."""


class _Lane(msgspec.Struct, eq=False):
    """One statement, who waits for it, and how many batches of it are underway."""

    sql: Numbered
    place: int | None
    """Of the key among the arguments."""

    waiting: list[tuple[list[Any], asyncio.Future[Any]]] = msgspec.field(default_factory=list)
    underway: int = 0
    timer: asyncio.Handle | None = None


class Batches(msgspec.Struct, eq=False):
    """Runs single statements, each durable when its caller is answered."""

    execute: Execute
    raced: tuple[type[Exception], ...] = ()
    """What the executor raises where somebody else was in the way."""

    key: str = ""
    """The parameter by which statements lock their rows."""

    seconds: float = 2.5
    """How long a caller waits altogether: for its turn, and for the answer."""

    _lanes: dict[Statement, _Lane] = msgspec.field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = msgspec.field(default_factory=set)

    async def __call__(
        self, statement: Statement, record: type[Record], values: Values
    ) -> Record | None:
        """Return the statement's one row; nothing where somebody was in the way."""
        lane = self._lanes.get(statement)
        if lane is None:
            sql = numbered(statement.text)
            place = sql.names.index(self.key) if self.key in sql.names else None
            lane = self._lanes[statement] = _Lane(sql, place)
        arguments = [records.to_column(values[name]) for name in lane.sql.names]
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        lane.waiting.append((arguments, future))
        self._plan(lane)
        try:
            async with asyncio.timeout(self.seconds):
                row = await future
        except TimeoutError as late:
            raise Unavailable(detail="the database did not answer in time") from late
        return None if row is None else records.reader_of(record, tuple(row.keys()))(row)

    async def drained(self) -> None:
        """Return when everything that was accepted has its answer."""
        while self._tasks or any(lane.waiting for lane in self._lanes.values()):
            if self._tasks:
                await asyncio.wait(self._tasks)
            else:
                await asyncio.sleep(0)  # they are sent in this turn of the loop

    def _plan(self, lane: _Lane) -> None:
        """Send what waits: soon if nothing of it is underway, else after a little gathering."""
        if lane.timer is not None or lane.underway >= _MOST_UNDERWAY or not lane.waiting:
            return
        loop = asyncio.get_running_loop()
        if lane.underway == 0:
            lane.timer = loop.call_soon(self._send, lane)
        else:
            lane.timer = loop.call_later(_PATIENCE_SECONDS, self._send, lane)

    def _send(self, lane: _Lane) -> None:
        lane.timer = None
        waiting = [each for each in lane.waiting if not each[1].done()]  # some wait no longer
        batch, lane.waiting = waiting[:_LARGEST], waiting[_LARGEST:]
        if not batch:
            return
        if lane.place is not None:
            place = lane.place
            batch.sort(key=lambda each: each[0][place])
        lane.underway += 1
        task = asyncio.ensure_future(self._carry(lane, batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._plan(lane)  # those for whom it had no place

    async def _carry(self, lane: _Lane, batch: list[tuple[list[Any], asyncio.Future[Any]]]) -> None:
        try:
            rows = await self.execute(lane.sql, [arguments for arguments, _ in batch])
        except (Unavailable, asyncio.CancelledError) as trouble:
            for _, future in batch:
                _refuse(future, trouble)
        except Exception as trouble:  # noqa: BLE001 - whatever it is, nobody may wait forever
            if len(batch) == 1:
                self._tell(batch[0][1], trouble)
            else:
                # Find out whose row it was; only that caller hears of it.
                await asyncio.gather(*(self._alone(lane, *each) for each in batch))
        else:
            for (_, future), row in zip(batch, rows, strict=True):
                _answer(future, row)
        finally:
            lane.underway -= 1
            if lane.timer is not None and lane.underway == 0:
                lane.timer.cancel()
                lane.timer = None
            self._plan(lane)

    async def _alone(self, lane: _Lane, arguments: list[Any], future: asyncio.Future[Any]) -> None:
        if future.done():  # waits no longer
            return
        try:
            _answer(future, (await self.execute(lane.sql, [arguments]))[0])
        except Exception as trouble:  # noqa: BLE001 - that caller's, who raises it
            self._tell(future, trouble)

    def _tell(self, future: asyncio.Future[Any], trouble: Exception) -> None:
        if isinstance(trouble, self.raced):
            _answer(future, None)
        else:
            _refuse(future, trouble)


def _answer(future: asyncio.Future[Any], row: Any) -> None:  # noqa: ANN401 - a driver's row
    if not future.done():  # the caller may have gone away
        future.set_result(row)


def _refuse(future: asyncio.Future[Any], trouble: BaseException) -> None:
    if future.done():
        return
    if isinstance(trouble, asyncio.CancelledError):
        trouble = Unavailable(detail="the server was stopped meanwhile")
    future.set_exception(trouble)
