"""A block beside a sign-in: nothing that it should have ended lives on, and neither fails."""

import asyncio

import pytest

from latchstring.domain.authorizations.code import CodeRefused
from latchstring.domain.challenges import store as challenges
from latchstring.domain.identities import store as identities
from latchstring.domain.sessions import store as sessions
from latchstring.domain.tokens import store as tokens
from latchstring.flows.issue_tokens import Tokens
from latchstring.flows.manage_users import ManageUsers
from tests.support.administration import an_office
from tests.support.people import a_person
from tests.support.places import ALL, POSTGRESQL
from tests.support.provider import (
    ALICE,
    Provider,
    a_code,
    a_provider,
    exchange,
    live_tokens,
)

pytestmark = pytest.mark.at(*ALL)

ROUNDS = 20


@pytest.fixture
async def provider(tmp_path):
    async with a_provider(tmp_path) as provider:
        yield provider


async def out_and_in(provider: Provider) -> None:
    """Shut Alice out, and let her in again at once."""
    users = ManageUsers(provider.database, provider.clock)
    await users.block(ALICE.value)
    await users.unblock(ALICE.value)


async def test_of_many_exchanges_beside_a_block_no_token_outlives_it(provider):
    for number in range(ROUNDS):
        code = await a_code(provider)
        blocking = asyncio.create_task(out_and_in(provider))
        await asyncio.sleep(number % 5 * 0.0005)
        told = await asyncio.gather(
            provider.exchange_code(exchange(code)), blocking, return_exceptions=True
        )

        assert isinstance(told[0], Tokens | CodeRefused)
        assert told[1] is None
        assert await live_tokens(provider) == 0


@pytest.mark.at(POSTGRESQL)
@pytest.mark.parametrize(
    ("room", "step"), [(sessions, "find_session"), (tokens, "insert_access_token")]
)
async def test_a_block_between_any_two_looks_of_an_exchange_ends_its_token(
    provider, monkeypatch, room, step
):
    code, goes_on, blocks = await a_code(provider), getattr(room, step), []

    async def then_a_block_comes(*values):
        found = await goes_on(*values) if room is sessions else None
        blocks.append(asyncio.create_task(out_and_in(provider)))
        await asyncio.wait(blocks, timeout=0.3)
        return found if room is sessions else await goes_on(*values)

    monkeypatch.setattr(room, step, then_a_block_comes)
    told = await asyncio.gather(provider.exchange_code(exchange(code)), return_exceptions=True)
    await asyncio.gather(*blocks)

    assert isinstance(told[0], Tokens | CodeRefused)
    assert await live_tokens(provider) == 0


@pytest.mark.at(POSTGRESQL)
@pytest.mark.parametrize("command", ["block", "delete"])
async def test_a_block_that_meets_an_answer_waits_and_neither_runs_twice(
    tmp_path, monkeypatch, command
):
    tries = {"answer": 0, "block": 0}
    find_user = identities.find_user

    async def counted(*values):
        tries["block"] += 1
        return await find_user(*values)

    monkeypatch.setattr(identities, "find_user", counted)
    async with an_office(tmp_path / "x.db") as office:
        alice, now = await a_person(office), office.clock.now()
        held, change = asyncio.Event(), getattr(office.desk.users, command)

        async def answer(tx):
            tries["answer"] += 1
            await challenges.hold_answerable(tx, alice.identifier.digest, now)
            held.set()
            await asyncio.sleep(0.2)
            await identities.note_sign_in(tx, alice.user_id, now)

        answering = asyncio.create_task(office.database.transact(answer))
        await held.wait()
        await asyncio.gather(answering, change(alice.user_id))

    assert tries == {"answer": 1, "block": 2}  # before the change, and after
