"""A code is worth tokens once, whoever comes first."""

import asyncio

import pytest

from latchstring.base.ids import ClientId
from latchstring.db import statements
from latchstring.domain.audit import store as audit
from latchstring.domain.authorizations.code import CodeRefused
from latchstring.domain.identities import store as identities
from tests.conftest import FULL
from tests.support.provider import (
    Provider,
    a_code,
    a_provider,
    live_tokens,
)
from tests.support.provider import (
    exchange as request_of,
)

CODES = 200 if FULL else 20
PURGE = statements.parse("-- purge --\n-- All.\ndelete from authorization_codes")


@pytest.fixture
async def provider(tmp_path):
    async with a_provider(tmp_path) as provider:
        yield provider


async def exchange(provider: Provider, code: str, **how):
    return await provider.exchange_code(request_of(code, **how))


async def test_t_03_64_callers_at_once_make_one_winner_whose_tokens_live(provider):
    for _ in range(CODES):
        code = await a_code(provider)

        answers = await asyncio.gather(
            *(exchange(provider, code) for _ in range(64)), return_exceptions=True
        )

        assert sum(not isinstance(answer, Exception) for answer in answers) == 1
        assert sum(isinstance(answer, CodeRefused) for answer in answers) == 63
    assert await live_tokens(provider) == CODES


async def test_t_03_a_replay_revokes_and_is_recorded(provider):
    code = await a_code(provider)
    await exchange(provider, code)
    provider.clock.advance(1)

    with pytest.raises(CodeRefused):
        await exchange(provider, code)

    assert await live_tokens(provider) == 0
    alice = await provider.user()
    events = await provider.database.read(lambda tx: audit.events_of(tx, alice, None, count=10))
    assert "CodeReplayed" in [event.type for event in events]


async def test_t_03_a_replay_revokes_even_after_the_codes_row_was_purged(provider):
    code = await a_code(provider)
    await exchange(provider, code)
    await provider.database.transact(lambda tx: tx.run(PURGE["purge"], {}))

    with pytest.raises(CodeRefused):
        await exchange(provider, code)

    assert await live_tokens(provider) == 0


async def test_a_twin_within_the_second_leaves_the_winner_alone(provider):
    code = await a_code(provider)
    await exchange(provider, code)
    provider.clock.advance(0.999)

    with pytest.raises(CodeRefused):
        await exchange(provider, code)

    assert await live_tokens(provider) == 1


@pytest.mark.parametrize(
    "how",
    [
        {"client_id": ClientId("mallory-web")},
        {"redirect_uri": "https://mallory.test/cb"},
        {"code_verifier": None},
        {"code_verifier": "w" * 43},
    ],
)
async def test_t_01_t_04_whoever_presents_it_wrongly_uses_it_up(provider, how):
    code = await a_code(provider)

    with pytest.raises(CodeRefused):
        await exchange(provider, code, **how)
    with pytest.raises(CodeRefused):
        await exchange(provider, code)

    assert await live_tokens(provider) == 0


async def test_a_user_blocked_meanwhile_gets_nothing(provider):
    code = await a_code(provider)
    alice, now = await provider.user(), provider.clock.now()
    await provider.database.transact(
        lambda tx: identities.set_blocked(tx, alice, blocked_at=now, now=now)
    )

    with pytest.raises(CodeRefused):
        await exchange(provider, code)

    assert await live_tokens(provider) == 0
