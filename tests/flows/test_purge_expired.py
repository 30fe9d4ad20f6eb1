"""What is over is dropped, all of it and nothing else, and trouble waits for the next round."""

import asyncio
import itertools
from typing import Any

import pytest

from latchstring.base.errors import Unavailable
from latchstring.flows import purge_expired
from latchstring.flows.purge_expired import BATCH, PurgeExpired
from tests.support.world import ChallengeRow, a_world

DAY = 86400


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


async def counts(world) -> dict[str, int]:
    names = ["challenges", "messages", "limits", "sessions", "authorization_requests", "events"]
    names += ["wrong_answers", "users"]
    return {name: (await world.count(name)) for name in names}


async def test_everything_expired_goes_and_people_stay(world):
    await world.visit("laptop", "acme-web")
    _, token = await world.ask(browser="laptop")
    await world.enter("00000")
    await world.press(token, "laptop")
    world.clock.advance(40 * DAY)
    await world.purge()

    left = await counts(world)
    assert left.pop("events") > 0
    assert left.pop("users") == 1
    assert set(left.values()) == {0}
    world.clock.advance(60 * DAY)
    await world.purge()
    assert await world.count("events") == 0


async def test_what_is_fresh_stays(world):
    code, token = await world.ask()
    before = await counts(world)
    await world.purge()

    assert await counts(world) == before
    assert await world.look(token, "laptop") == ("confirm", "live")
    assert (await world.enter(code))[0] == "accepted"


async def test_an_expired_code_is_told_from_a_wrong_one_for_a_day(world):
    code, _ = await world.ask()
    world.clock.advance(DAY)
    await world.purge()
    assert await world.enter(code) == ("expired",)
    world.clock.advance(601)
    await world.purge()

    assert await world.enter(code) == ("wrong", None)
    assert await world.rows("challenges", ChallengeRow) == []


async def test_more_than_a_batch_goes_in_several_transactions(world):
    for number in range(BATCH + 1):
        person = f"person{number}@example.com"
        await world.start(
            person, "acme-web", send="code", address="192.0.2.1", browser=None, starts=0
        )
    world.clock.advance(2 * DAY)

    assert await PurgeExpired(world.installation.database, world.clock)() >= 2 * (BATCH + 1)
    assert await world.count("challenges") == 0


async def test_trouble_is_for_the_next_round(monkeypatch, clock):
    monkeypatch.setattr(purge_expired, "_PAUSE_SECONDS", 0.001)
    third = asyncio.Event()
    rounds = iter([None, None, third.set])
    troubles = itertools.cycle([Unavailable(detail="the disk is full"), LookupError("a bug")])

    class Troubled:
        async def transact(self, _work):
            (next(rounds, None) or str)()
            raise next(troubles)

    database: Any = Troubled()
    task = asyncio.create_task(PurgeExpired(database, clock).run())
    await third.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
