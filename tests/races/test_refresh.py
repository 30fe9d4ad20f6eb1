"""Refresh tokens beside what ends them: nothing lives on that should have ended, nobody fails."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from latchstring.base.ids import ClientId
from latchstring.base.origin import NOWHERE
from latchstring.domain.authorizations.code import CodeRefused
from latchstring.domain.tokens import store as tokens
from latchstring.domain.tokens.refresh import RefreshRefused
from latchstring.flows.issue_tokens import Tokens
from latchstring.flows.manage_users import ManageUsers
from latchstring.flows.refresh_tokens import RefreshRequest
from latchstring.flows.sign_out_everywhere import SignOutEverywhere
from tests.support.places import ALL, POSTGRESQL
from tests.support.provider import (
    ALICE,
    CLIENTS,
    Provider,
    a_code,
    a_provider,
    exchange,
    live_tokens,
)

pytestmark = pytest.mark.at(*ALL)

ACME = ClientId("acme-web")
ROUNDS = 12


@pytest.fixture
async def provider(tmp_path):
    async with a_provider(tmp_path) as provider:
        yield provider


async def renew(provider: Provider, token: str | None) -> Tokens:
    request = RefreshRequest(client=CLIENTS[ACME], token=token or "", scope=None, origin=NOWHERE)
    return await provider.refresh_tokens(request, provider.apis)


async def signed_in(provider: Provider) -> tuple[str, Tokens]:
    """Return a code that was exchanged, and what came for it."""
    code = await a_code(provider, scope="openid offline_access")
    return code, await provider.exchange_code(exchange(code))


async def give_back(provider: Provider, _code: str, first: Tokens) -> None:
    await provider.revoke(ACME, first.refresh_token or "")


async def replay(provider: Provider, code: str, _first: Tokens) -> None:
    with pytest.raises(CodeRefused):
        await provider.exchange_code(exchange(code))


async def block(provider: Provider, _code: str, _first: Tokens) -> None:
    users = ManageUsers(provider.database, provider.clock)
    await users.block(ALICE.value)
    await users.unblock(ALICE.value)


async def sign_out_everywhere(provider: Provider, _code: str, _first: Tokens) -> None:
    everywhere = SignOutEverywhere(provider.database, provider.clock)
    await everywhere(await provider.user(), NOWHERE)


End = Callable[[Provider, str, Tokens], Awaitable[None]]
ENDS = [give_back, replay, block, sign_out_everywhere]


@pytest.mark.at(POSTGRESQL)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("again", [False, True], ids=["rotates", "repeats"])
async def test_an_end_between_any_two_looks_of_a_refresh_ends_its_tokens(
    provider, monkeypatch, end, again
):
    code, first = await signed_in(provider)
    if again:
        await renew(provider, first.refresh_token)
    provider.clock.advance(2)  # the code's use now is a replay, and the grace goes on
    insert, ends = tokens.insert_access_token, []

    async def after_an_end_came(*values):
        ends.append(asyncio.create_task(end(provider, code, first)))
        await asyncio.wait(ends, timeout=0.3)
        await insert(*values)

    monkeypatch.setattr(tokens, "insert_access_token", after_an_end_came)
    told = await asyncio.gather(renew(provider, first.refresh_token), return_exceptions=True)
    await asyncio.gather(*ends)

    assert isinstance(told[0], Tokens | RefreshRefused)
    assert await live_tokens(provider) == 0


@pytest.mark.parametrize("end", ENDS)
async def test_of_many_refreshes_beside_an_end_no_token_outlives_it(provider, end):
    for number in range(ROUNDS):
        code, first = await signed_in(provider)
        provider.clock.advance(2)
        ending = asyncio.create_task(end(provider, code, first))
        await asyncio.sleep(number % 4 * 0.0005)
        told = await asyncio.gather(
            ending,
            *(renew(provider, first.refresh_token) for _ in range(4)),
            return_exceptions=True,
        )

        assert told[0] is None
        assert all(isinstance(answer, Tokens | RefreshRefused) for answer in told[1:])
        assert await live_tokens(provider) == 0


async def test_everything_that_ends_tokens_at_once_fails_nobody(provider):
    for _ in range(ROUNDS):
        given = [await signed_in(provider) for _ in range(4)]
        provider.clock.advance(2)
        told = await asyncio.gather(
            *(end(provider, code, first) for code, first in given for end in ENDS),
            *(renew(provider, first.refresh_token) for _, first in given),
            return_exceptions=True,
        )

        assert all(answer is None or isinstance(answer, Tokens | RefreshRefused) for answer in told)
        assert await live_tokens(provider) == 0
