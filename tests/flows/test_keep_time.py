"""Where the time comes from, and what must end before it may go back."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from latchstring.base.clock import SteadyClock
from latchstring.base.errors import Unavailable
from latchstring.db.sqlite import SqliteDatabase
from latchstring.flows import keep_time as module
from latchstring.flows.keep_time import KeepTime, Sample
from latchstring.flows.refresh_configuration import RefreshConfiguration

SECOND = 1_000_000_000
START = 1_795_435_200 * SECOND
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class World:
    """One process, its machine and its database."""

    steady: int = 0
    wall: int = START
    database: int = START
    ended: list[datetime] = field(default_factory=list)
    trouble: bool = False

    def __post_init__(self) -> None:
        self.clock = SteadyClock(lambda: self.wall, lambda: self.steady)

    async def end_what_is_live(self) -> None:
        if self.trouble:
            raise Unavailable
        self.ended.append(self.clock.now())

    def sample(self) -> Sample:
        return Sample(self.database // 1_000_000, self.steady, self.steady)


@pytest.fixture
def world() -> World:
    return World()


async def looks(keep_time: KeepTime, world: World, count: int = 1) -> None:
    for _ in range(count):
        await keep_time.take(world.sample())


async def test_a_database_without_a_clock_leaves_it_to_the_machines(world):
    keep_time = KeepTime(world.clock)
    world.wall += SECOND

    await keep_time.take(Sample(0, 0, 0))

    assert world.clock.now() == NOON + timedelta(seconds=1)


async def test_where_the_database_has_a_clock_nobody_looks_at_the_machines(world):
    keep_time = KeepTime(world.clock)
    world.wall += 3600 * SECOND

    await looks(keep_time, world, 100)

    assert world.clock.now() == NOON


async def test_the_database_is_followed_back_once_all_that_was_live_has_ended(world):
    keep_time = KeepTime(world.clock, world.end_what_is_live)
    await looks(keep_time, world)
    world.database -= 3600 * SECOND

    with capture_logs() as logs:
        await looks(keep_time, world, 2)
        assert (world.clock.now(), world.ended) == (NOON, [])
        await looks(keep_time, world, 3)

    assert world.ended == [NOON]
    assert world.clock.now() == NOON - HOUR
    assert [line["event"] for line in logs] == ["database_clock_went_back"]


async def test_while_what_is_live_cannot_be_ended_time_goes_on_as_it_was(world):
    keep_time = KeepTime(world.clock, world.end_what_is_live)
    await looks(keep_time, world)
    world.database -= 3600 * SECOND
    world.trouble = True

    await looks(keep_time, world, 2)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await looks(keep_time, world)
    assert world.clock.now() == NOON

    world.trouble = False
    await looks(keep_time, world)
    assert world.clock.now() == NOON - HOUR


async def test_a_database_that_is_back_for_a_moment_only_changes_nothing(world):
    keep_time = KeepTime(world.clock, world.end_what_is_live)
    await looks(keep_time, world)
    for _ in range(5):
        world.database -= 3600 * SECOND
        await looks(keep_time, world, 2)
        world.database += 3600 * SECOND
        await looks(keep_time, world)

    assert world.ended == []
    assert world.clock.now() == NOON


async def test_without_a_way_to_end_what_is_live_the_database_is_not_followed_back(world):
    keep_time = KeepTime(world.clock)
    await looks(keep_time, world)
    world.database -= 3600 * SECOND

    with capture_logs() as logs:
        await looks(keep_time, world, 100)

    assert world.clock.now() == NOON
    assert [line["event"] for line in logs] == ["database_clock_went_back"]


async def test_a_look_at_the_database_brings_its_time_or_leaves_it_to_the_machine(database):
    a_day_off = time.time_ns() - 86_400 * SECOND
    keep_time = KeepTime(SteadyClock(lambda: a_day_off))

    await RefreshConfiguration(database, keep_time).refresh()

    right = time.time() if not isinstance(database, SqliteDatabase) else a_day_off / SECOND
    assert abs(keep_time.clock.now().timestamp() - right) < 1


async def test_an_ending_that_takes_long_holds_no_look_up_and_is_not_begun_twice(
    world, monkeypatch
):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    go_on, begun = asyncio.Event(), []

    async def end_slowly() -> None:
        begun.append(world.clock.now())
        await go_on.wait()

    keep_time = KeepTime(world.clock, end_slowly)
    await looks(keep_time, world)
    world.database -= 3600 * SECOND
    await looks(keep_time, world, 6)
    assert world.clock.now() == NOON
    assert begun == [NOON]

    go_on.set()
    await looks(keep_time, world)

    assert world.clock.now() == NOON - HOUR


async def test_an_ending_that_was_not_needed_in_the_end_does_not_serve_for_another_time(
    world, monkeypatch
):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    begun = []

    async def end_slowly() -> None:
        begun.append(world.clock.now())
        await asyncio.Event().wait()

    keep_time = KeepTime(world.clock, end_slowly)
    await looks(keep_time, world)
    for _ in range(2):
        world.database -= 3600 * SECOND
        await looks(keep_time, world, 4)
        world.database += 3600 * SECOND
        await looks(keep_time, world)

    assert begun == [NOON, NOON]
    assert world.clock.now() == NOON
