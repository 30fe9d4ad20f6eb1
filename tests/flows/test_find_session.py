"""A browser stays signed in while it is used, until the session is old, over, or its user out."""

import pytest

from latchstring.base.origin import NOWHERE
from latchstring.domain.sessions.session import session_id_of
from latchstring.flows.sign_out import SignOut
from tests.support.world import a_world

HOUR, DAY = 3600, 86400


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


async def a_cookie(world, name="laptop") -> str:
    _, token = await world.ask()
    await world.press(token, name)
    return world.browser(name).session


@pytest.mark.parametrize("cookie", [None, "", "x", "\u00e4\ud800"[:1] * 43, "A" * 5000])
async def test_a_made_up_cookie_is_nobodys(world, cookie):
    assert await world.flow_find_session(cookie) is None


async def test_the_id_that_stands_in_tokens_is_no_cookie(world):
    cookie = await a_cookie(world)

    assert await world.flow_find_session(session_id_of(cookie)) is None


async def test_a_session_that_is_used_lasts_until_it_is_old(world):
    cookie = await a_cookie(world)
    for _ in range(3):
        world.clock.advance(2 * DAY)
        assert await world.is_signed_in(cookie)
    world.clock.advance(DAY)

    assert not await world.is_signed_in(cookie)


async def test_a_session_that_is_not_used_idles_out(world):
    cookie = await a_cookie(world)
    world.clock.advance(3 * DAY)

    assert not await world.is_signed_in(cookie)


async def test_a_session_is_not_written_at_every_look(world):
    cookie = await a_cookie(world)
    first = await world.flow_find_session(cookie)
    world.clock.advance(299)
    assert await world.flow_find_session(cookie) == first
    world.clock.advance(1)
    await world.flow_find_session(cookie)

    assert (await world.flow_find_session(cookie)).seen_at == world.clock.now()


async def test_a_blocked_persons_sessions_end_and_stay_ended(world):
    cookie = await a_cookie(world)
    await world.users.block("alice@example.com")
    assert not await world.is_signed_in(cookie)
    await world.users.unblock("alice@example.com")

    assert not await world.is_signed_in(cookie)


async def test_signing_out_ends_this_browsers_session_at_once_and_is_recorded_once(world):
    laptop, phone = await a_cookie(world, "laptop"), await a_cookie(world, "phone")
    session = await world.flow_find_session(laptop)
    sign_out = SignOut(world.installation.database, world.clock)
    for _ in range(2):
        await sign_out(session, NOWHERE)

    assert not await world.is_signed_in(laptop)
    assert await world.is_signed_in(phone)
    assert (await world.events_of_user("alice@example.com")).count("SessionEnded") == 1
