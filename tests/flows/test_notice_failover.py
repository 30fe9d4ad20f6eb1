"""Another server took over the database: noticed once, and what it may have forgotten is dead."""

import asyncio

import pytest

from latchstring.db import statements
from latchstring.flows.notice_failover import NoticeFailover
from tests.support.clock import FixedClock
from tests.support.house import START_OF_TIME

SQL = statements.parse("""
-- endings --
-- How often everything was ended.
select details from events where type = 'EverythingEnded'

-- noted --
-- What the last look found.
select timeline from database_timeline
""")

FIRST, SECOND = "00000001", "00000002"


@pytest.fixture
def notice(database):
    """Look at the database's timeline, as each new session does."""

    async def look(timeline: str, *, nothing_lost: bool = False) -> bool:
        flow = NoticeFailover(FixedClock(START_OF_TIME), nothing_lost=nothing_lost)
        return await database.transact(lambda tx: flow(tx, timeline))

    return look


async def found(database, name: str) -> list[str]:
    return await database.read(lambda tx: tx.all(SQL[name], str, {}))


async def test_the_first_look_is_noted_and_ends_nothing(database, notice):
    assert await notice(FIRST) is False
    assert await notice(FIRST) is False
    assert await found(database, "noted") == [FIRST]
    assert await found(database, "endings") == []


async def test_a_new_timeline_ends_what_was_live_once(database, notice):
    await notice(FIRST)
    assert await notice(SECOND) is True
    assert await notice(SECOND) is False
    assert await found(database, "noted") == [SECOND]
    assert len(await found(database, "endings")) == 1


async def test_of_many_that_notice_at_once_one_ends_it(database, notice):
    await notice(FIRST)
    looks = await asyncio.gather(*(notice(SECOND) for _ in range(8)))
    assert sorted(looks) == [False] * 7 + [True]
    assert len(await found(database, "endings")) == 1


async def test_going_back_counts_as_another_server_too(database, notice):
    await notice(SECOND)
    assert await notice(FIRST) is True
    assert await found(database, "noted") == [FIRST]


async def test_where_the_standby_had_every_commit_nothing_ends(database, notice):
    await notice(FIRST)
    assert await notice(SECOND, nothing_lost=True) is False
    assert await found(database, "noted") == [SECOND]
    assert await found(database, "endings") == []


async def test_an_ending_that_fails_leaves_the_old_timeline_for_the_next_look(
    database, notice, monkeypatch
):
    await notice(FIRST)

    async def fail(*_):
        raise RuntimeError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr("latchstring.flows.notice_failover.EndWhatWasLive.__call__", fail)
        with pytest.raises(RuntimeError):
            await notice(SECOND)
    assert await found(database, "noted") == [FIRST]
    assert await notice(SECOND) is True
