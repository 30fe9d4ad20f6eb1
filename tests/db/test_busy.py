"""While another process holds the write lock, everybody hears so soon, and at the same time."""

import asyncio
import threading
import time
from pathlib import Path

import apsw
import pytest

from latchstring.base.errors import Unavailable
from latchstring.db import sqlite
from latchstring.db.sqlite import SqliteDatabase
from latchstring.db.statements import Statement

COUNT = Statement("count", "select count(*) from users")


@pytest.fixture
async def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A database that waits for the lock 0.3 seconds only."""
    monkeypatch.setattr(sqlite, "_BUSY_MILLISECONDS", 300)
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

    assert max(waits) < 0.6
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
