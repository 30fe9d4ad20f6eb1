"""A few sessions for everybody: bounded, the warmest first, none in the middle of something."""

import asyncio
from dataclasses import dataclass, field

import pytest

from latchstring.base.errors import Unavailable
from latchstring.db import pool as module
from latchstring.db.pool import Pool


@dataclass(eq=False)
class FakeSession:
    number: int
    in_transaction: bool = False
    closed: bool = False

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return self.in_transaction

    def terminate(self) -> None:
        self.closed = True


@dataclass
class Server:
    opened: list[FakeSession] = field(default_factory=list)
    down: bool = False

    async def connect(self) -> FakeSession:
        await asyncio.sleep(0)
        if self.down:
            raise Unavailable
        self.opened.append(FakeSession(len(self.opened)))
        return self.opened[-1]


@pytest.fixture
def server() -> Server:
    return Server()


async def use(pool: Pool, seconds: float = 0) -> int:
    async with pool.session() as session:
        await asyncio.sleep(seconds)
        return session.number


async def test_one_after_the_other_needs_one_session(server):
    pool = Pool(server.connect, 5)

    assert [await use(pool) for _ in range(10)] == [0] * 10
    assert len(server.opened) == 1


async def test_many_at_once_share_as_many_as_are_allowed(server):
    pool = Pool(server.connect, 3)
    await asyncio.gather(*(use(pool, 0.001) for _ in range(50)))

    assert len(server.opened) == 3
    assert not any(session.closed for session in server.opened)


async def test_the_one_used_last_is_used_next(server):
    pool = Pool(server.connect, 3)
    await asyncio.gather(use(pool, 0.01), use(pool, 0.02), use(pool, 0.03))

    assert [await use(pool) for _ in range(5)] == [2] * 5


async def test_one_that_the_server_closed_is_not_lent(server):
    pool = Pool(server.connect, 3)
    await use(pool)
    server.opened[0].closed = True

    assert await use(pool) == 1


async def test_one_left_in_the_middle_of_something_is_closed(server):
    pool = Pool(server.connect, 1)
    async with pool.session() as session:
        session.in_transaction = True

    assert server.opened[0].closed
    assert await use(pool) == 1


async def test_an_exception_in_the_block_gives_the_session_back(server):
    pool = Pool(server.connect, 1)
    for _ in range(3):
        with pytest.raises(LookupError):
            async with pool.session():
                raise LookupError

    assert await use(pool) == 0


async def test_a_server_that_is_down_takes_no_place(server):
    pool = Pool(server.connect, 1)
    server.down = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await use(pool)
    server.down = False

    assert await use(pool) == 0
    assert (pool.load.working, pool.load.waiting) == (0, 0)


async def test_who_goes_away_while_waiting_takes_no_place(server):
    pool = Pool(server.connect, 1)
    async with pool.session():
        waiting = [asyncio.create_task(use(pool)) for _ in range(3)]
        await asyncio.sleep(0)
        assert (pool.load.working, pool.load.waiting) == (1, 3)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert await use(pool) == 0
    assert (pool.load.working, pool.load.waiting) == (0, 0)


async def test_a_queue_that_is_full_takes_nobody_more(server, monkeypatch):
    monkeypatch.setattr(module, "_MOST_WAITING", 2)
    pool = Pool(server.connect, 1)
    async with pool.session():
        waiting = [asyncio.create_task(use(pool)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as refused:
            await use(pool)
    assert refused.value.detail == "too many wait for a session on the database server"
    assert await asyncio.gather(*waiting) == [0, 0]


async def test_closing_closes_what_is_idle_now_and_what_works_when_it_comes_back(server):
    pool = Pool(server.connect, 2)
    await asyncio.gather(use(pool, 0.001), use(pool, 0.001))
    async with pool.session() as working:
        await pool.close()
        assert [session.closed for session in server.opened if session is not working] == [True]
        assert not working.closed
    assert working.closed
    with pytest.raises(Unavailable):
        await use(pool)


async def test_after_a_renewal_no_older_session_is_lent(server):
    pool = Pool(server.connect, 3)
    async with pool.session() as lent:
        await use(pool)
        pool.renew()
        assert await use(pool) == 2
    assert lent.closed
    assert [session.closed for session in server.opened] == [True, True, False]
