"""A start that comes again with its key is one start; the key brings nothing back to life."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from latchstring.flows.purge_expired import KEPT
from tests.support.places import ALL
from tests.support.world import ALICE, a_world

pytestmark = pytest.mark.at(*ALL)


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


async def start(world, key="login"):
    request = world.a_start_request(ALICE, send="both")
    await world.flow_start(replace(request, idempotency_key=key))
    return [(code, token) for _, code, token in await world.delivered()]


@pytest.mark.parametrize("minutes", [0, 1, 59])
async def test_a_start_that_is_repeated_within_the_hour_sends_nothing(world, minutes):
    assert len(await start(world)) == 1
    world.clock.advance(minutes * 60)

    assert await start(world) == []
    assert len(await start(world, "another key")) == 1


@pytest.mark.parametrize("passed", [timedelta(hours=2), KEPT + timedelta(hours=2)])
async def test_a_key_that_comes_again_brings_no_old_code_or_link_back(world, passed):
    ((old_code, old_link),) = await start(world)
    assert (await world.enter(old_code))[0] == "accepted"
    world.clock.advance(passed.total_seconds())
    await world.purge()
    ((code, link),) = await start(world)

    assert link != old_link
    assert (await world.press(old_link, "somebody's"))[0] == "refused"
    assert (await world.enter(old_code))[0] != "accepted"
    assert (await world.enter(code))[0] == "accepted"
