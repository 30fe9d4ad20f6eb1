"""The waiting page knows its own challenge, the lengths of live codes, and its message."""

import pytest

from latchstring.domain.delivery.message import State
from latchstring.flows.describe_waiting import DescribeWaiting
from tests.support.world import a_world, identifier_of

ALICE = identifier_of("alice@example.com").digest


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


async def describe(world, page):
    return await DescribeWaiting(world.installation.database, world.clock)(ALICE, page)


async def test_a_page_that_asked_for_nothing_has_nothing_to_tell(world):
    page = await world.visit("laptop", "acme-web")
    await world.ask()

    assert await describe(world, page) is None


async def test_a_page_knows_its_newest_challenge_and_what_became_of_the_message(world):
    page = await world.visit("laptop", "acme-web")
    await world.ask(browser="laptop", starts=0)
    await world.connections.change("email", {"code_length": 8})
    await world.ask(browser="laptop", starts=1)
    waiting = await describe(world, page)

    assert waiting.challenge.code_length == 8
    assert waiting.live_lengths == {6, 8}
    assert waiting.fate.state is State.HANDED_OVER
    assert waiting.now == world.clock.now()


async def blocked(world) -> str:
    await world.connections.change("email", {"sign_up": False})
    page = await world.visit("laptop", "acme-web")
    await world.start(
        "alice@example.com",
        "acme-web",
        send="code",
        address="192.0.2.1",
        browser="laptop",
        starts=0,
    )
    return page


async def test_a_page_learns_nothing_more_from_a_decoy(world):
    waiting = await describe(world, await blocked(world))

    assert waiting.live_lengths == {6}
    assert waiting.fate.state is State.HANDED_OVER


async def test_a_decoy_waits_while_everybody_elses_message_waits(world):
    await world.start(
        "bob@example.com",
        "acme-web",
        send="code",
        address="192.0.2.1",
        browser=None,
        starts=0,
    )
    waiting = await describe(world, await blocked(world))

    assert waiting.fate.state is State.QUEUED
