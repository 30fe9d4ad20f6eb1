"""While another process holds the write lock, everybody hears so soon, and at the same time."""

import asyncio
import threading
import time
from pathlib import Path

import apsw
import pytest

from latchstring.base.errors import Unavailable
from latchstring.db import sqlite
from latchstring.db.opening import open_url
from latchstring.db.sqlite import SqliteDatabase
from latchstring.db.statements import Statement

PATIENCE = 0.8
"""Seconds; who waits twice as long has waited behind somebody."""

NOTE = Statement("note", "insert into key_checks (version, check_value) values (:version, 'x')")
NOTED = Statement("noted", "select version from key_checks order by version")
COUNT = Statement("count", "select count(*) from users")


@pytest.fixture
async def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A database that does not wait long for the lock."""
    monkeypatch.setattr(sqlite, "_BUSY_MILLISECONDS", int(PATIENCE * 1000))
    database = SqliteDatabase(tmp_path / "latchstring.db").open()
    yield database
    await database.close()


@pytest.fixture
def locked(impatient):
    """Another connection in the middle of a write."""
    other = apsw.Connection(str(impatient.path))
    other.execute("begin immediate")
    yield other
    other.close()


async def nothing(_tx):
    """Do nothing, in a transaction of its own."""


async def refusals_of(calls) -> list[float]:
    """How long each call took to be refused."""
    began = time.monotonic()

    async def one(call):
        with pytest.raises(Unavailable):
            await call
        return time.monotonic() - began

    return await asyncio.gather(*map(one, calls))


async def test_who_waits_behind_a_lock_waits_once_and_not_one_after_the_other(impatient, locked):
    first = asyncio.create_task(refusals_of([impatient.transact(nothing)]))
    await asyncio.sleep(0.1)

    waits = await refusals_of(impatient.transact(nothing) for _ in range(200))

    assert max(waits) < 2 * PATIENCE
    await first


async def test_writing_goes_on_when_the_lock_is_gone(impatient, locked):
    await refusals_of([impatient.transact(nothing)])
    locked.execute("rollback")

    await impatient.transact(nothing)


async def test_reading_goes_on_beside_the_lock(impatient, locked):
    async def count(tx):
        return await tx.one(COUNT, int, {})

    assert await impatient.read(count) == 0


async def test_a_queue_that_is_full_takes_nobody_more(impatient, monkeypatch):
    monkeypatch.setattr(sqlite, "_MOST_WAITING", 3)
    go_on, begun = threading.Event(), threading.Event()
    commit = impatient._writer._commit

    def slow():
        begun.set()
        go_on.wait(5)
        commit()

    impatient._writer._commit = slow
    first = asyncio.create_task(impatient.transact(nothing))
    await asyncio.to_thread(begun.wait)
    waiting = [asyncio.create_task(impatient.transact(nothing)) for _ in range(3)]
    await asyncio.sleep(0)

    assert (await refusals_of([impatient.transact(nothing)]))[0] < 0.1
    go_on.set()
    await asyncio.gather(first, *waiting)


class StalledDisk:
    """Holds the next commit until it is told to go on."""

    def __init__(self, database) -> None:
        self.go_on, self.reached = threading.Event(), threading.Event()
        self._commit = database._writer._commit
        database._writer._commit = self._stall

    def _stall(self) -> None:
        self.reached.set()
        assert self.go_on.wait(10)
        self._commit()


@pytest.fixture
async def hurried(tmp_path, monkeypatch):
    """A database whose callers do not wait long, and 0.5 seconds at the end."""
    monkeypatch.setattr(sqlite, "_CLOSING_SECONDS", 0.5)
    troubles: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: troubles.append(context))
    database = SqliteDatabase(tmp_path / "latchstring.db", PATIENCE).open()
    yield database
    await database.close()
    assert troubles == []


def noting(version: int):
    """Work that leaves a row."""
    return lambda tx: tx.run(NOTE, {"version": version})


async def noted(database) -> list[int]:
    return await database.read(lambda tx: tx.all(NOTED, int, {}))


async def test_nobody_waits_longer_for_a_stalled_disk_than_they_have_patience(hurried):
    disk = StalledDisk(hurried)
    first = asyncio.create_task(refusals_of([hurried.transact(noting(1))]))
    await asyncio.to_thread(disk.reached.wait)

    early = asyncio.create_task(refusals_of(hurried.transact(noting(n)) for n in range(2, 100)))
    await asyncio.sleep(0.2)
    late = asyncio.create_task(refusals_of(hurried.transact(noting(n)) for n in range(100, 200)))
    waits = [*await first, *await early, *await late]

    assert min(waits) > 0.9 * PATIENCE
    assert max(waits) < 2 * PATIENCE
    assert hurried.load.waiting == 0
    disk.go_on.set()
    await hurried.transact(noting(200))
    # What the disk had when it stalled is kept in the end; who had no turn was forgotten.
    assert await noted(hurried) == [1, 200]


async def test_who_comes_while_the_disk_stalls_and_stays_is_answered_when_it_is_back(hurried):
    disk = StalledDisk(hurried)
    refused = asyncio.create_task(refusals_of([hurried.transact(noting(1))]))
    await asyncio.sleep(0.2)
    waiting = asyncio.create_task(hurried.transact(noting(2)))
    await refused
    disk.go_on.set()

    assert await waiting == 1
    assert await noted(hurried) == [1, 2]


async def test_who_went_away_before_the_disk_came_back_is_told_nothing(hurried):
    disk = StalledDisk(hurried)
    gone = [asyncio.create_task(hurried.transact(noting(n))) for n in (1, 2)]
    await asyncio.to_thread(disk.reached.wait)
    for task in gone:
        task.cancel()
    await asyncio.sleep(1.3 * PATIENCE)
    disk.go_on.set()

    assert await hurried.transact(noting(3)) == 1
    assert await noted(hurried) == [1, 2, 3]


async def test_statements_that_take_long_are_not_the_disks_delay(hurried):
    async def slow(tx):
        await tx.run(NOTE, {"version": 1})
        time.sleep(1.5 * PATIENCE)  # noqa: ASYNC251 - as a statement over many rows holds the loop
        return "kept"

    assert await hurried.transact(slow) == "kept"


async def test_an_end_does_not_wait_for_a_stalled_disk_and_leaves_no_thread(hurried):
    disk, thread = StalledDisk(hurried), hurried._writer._thread
    refused = asyncio.create_task(refusals_of([hurried.transact(noting(1))]))
    await asyncio.to_thread(disk.reached.wait)

    began = time.monotonic()
    await hurried.close()

    assert time.monotonic() - began < 5
    assert max(await refused) < 2 * PATIENCE
    disk.go_on.set()
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()
    again = SqliteDatabase(hurried.path).open()
    assert await noted(again) == [1]
    await again.close()


async def test_an_administrator_waits_longer(tmp_path):
    for patience, refused in ((0.2, True), (60, False)):
        database = await open_url(f"sqlite:///{tmp_path / 'x.db'}", patience=patience)
        disk = StalledDisk(database)
        asyncio.get_running_loop().call_later(0.5, disk.go_on.set)

        told = await asyncio.gather(database.transact(nothing), return_exceptions=True)

        assert [isinstance(each, Unavailable) for each in told] == [refused]
        await database.close()


async def test_after_the_end_nobody_waits_for_ever(impatient):
    await impatient.close()

    async with asyncio.timeout(1):
        with pytest.raises(Unavailable):
            await impatient.transact(nothing)


async def test_who_comes_while_it_closes_is_refused(impatient):
    closing = asyncio.create_task(impatient.close())
    await asyncio.sleep(0)

    async with asyncio.timeout(1):
        with pytest.raises(Unavailable):
            await impatient.transact(nothing)
    await closing
