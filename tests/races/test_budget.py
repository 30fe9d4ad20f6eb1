"""R-14 at the end of the guess budget: of many guesses at once, none is compared beyond it."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.support.places import ALL
from tests.support.world import ALICE, a_world

pytestmark = pytest.mark.at(*ALL)

TRIES = 3


async def guess_at_once(world, count: int) -> int:
    """Guess; return how many guesses have been compared with a code so far."""
    await asyncio.gather(*(world.enter("00000") for _ in range(count)))
    return (await world.guesses(ALICE, "stranger"))[0]


@pytest.mark.parametrize("per_day", [1, 2, 3, 4, 5, 7])
async def test_l_13_however_many_guess_at_once_the_budget_is_what_is_compared(tmp_path, per_day):
    async with a_world(tmp_path, wrong_answers_per_identifier_per_day=per_day) as world:
        compared = 0
        for _ in range(3):
            code, _ = await world.ask()
            assert len(code) == (6 if compared < per_day else 10)
            left = per_day - compared if len(code) == 6 else TRIES  # long: freely
            compared += min(TRIES, left)
            assert await guess_at_once(world, 60) == compared


async def test_l_13_a_code_that_bears_more_than_new_ones_do_is_not_guessed_at_beyond_it(tmp_path):
    budget = {"wrong_answers_per_identifier_per_day": 10}
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(a_world(tmp_path, **budget)) for _ in range(4)]
        world = nodes[0]
        await world.ask()
        assert await guess_at_once(world, 20) == TRIES
        await world.connections.change("email", {"max_attempts": 10})
        await world.ask()
        await world.connections.change("email", {"max_attempts": 1})
        for node in nodes:
            await node.installation.configuration.refresh()

        assert max(await asyncio.gather(*(guess_at_once(node, 50) for node in nodes))) == 10


async def test_l_13_the_month_has_its_budget_too(tmp_path):
    limits = {
        "wrong_answers_per_identifier_per_day": 4,
        "wrong_answers_per_identifier_per_month": 5,
    }
    async with a_world(tmp_path, **limits) as world:
        await world.ask()
        assert await guess_at_once(world, 60) == TRIES
        world.clock.advance(2 * 86_400)
        await world.ask()
        await guess_at_once(world, 60)

        assert await world.guesses(ALICE, "stranger") == (2, 5)
