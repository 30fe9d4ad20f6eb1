"""Refresh tokens: one works at a time, and using one twice ends them all."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from latchstring.base.origin import NOWHERE
from latchstring.db import statements
from latchstring.domain.audit import store as audit
from latchstring.domain.identities import store as identities
from latchstring.domain.tokens import refresh
from latchstring.domain.tokens.access import TokenRefused
from latchstring.domain.tokens.refresh import RefreshRefused
from latchstring.flows.issue_tokens import Tokens
from latchstring.flows.refresh_tokens import RefreshRequest, ScopeTooWide
from tests.support.provider import API, CLIENTS, KEYRING, Provider, a_provider, a_sign_in

SCOPE = "openid email offline_access"
BACK = statements.parse(
    """
-- back --
-- A database that was restored knows less than the client.
update refresh_families set generation = generation - 1
"""
)


@pytest.fixture
async def provider(tmp_path):
    async with a_provider(tmp_path) as found:
        yield found


async def renew(
    provider: Provider, token: str | None, client_id: str = "acme-web", scope: str | None = None
) -> Tokens:
    request = RefreshRequest(
        client=CLIENTS[client_id], token=token or "", scope=scope, origin=NOWHERE
    )
    return await provider.refresh_tokens(request, provider.apis)


async def is_open(provider: Provider, access_token: str) -> bool:
    try:
        return bool((await provider.describe_user(access_token)).claims)
    except TokenRefused:
        return False


async def test_offline_access_alone_brings_a_refresh_token(provider):
    assert (await a_sign_in(provider)).refresh_token is not None
    assert (await a_sign_in(provider, scope="openid")).refresh_token is None


async def test_a_refresh_gives_all_tokens_anew_and_tells_of_the_same_sign_in(provider):
    first = await a_sign_in(provider)
    before = provider.claims(first.id_token)
    provider.clock.advance(3600)

    second = await renew(provider, first.refresh_token)

    assert second.access_token != first.access_token
    assert second.refresh_token not in (None, first.refresh_token)
    assert second.scope == SCOPE
    after = provider.claims(second.id_token)
    same = ("sub", "aud", "iss", "auth_time", "amr", "sid", "email")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    # OpenID Connect Core 12.2: the nonce was for the first one.
    assert "nonce" not in after
    assert after["iat"] == before["iat"] + 3600


async def test_claims_that_were_asked_for_by_name_come_again(provider):
    by_name = '{"userinfo":{"email":null},"id_token":{"name":null}}'
    first = await a_sign_in(provider, scope="openid offline_access", claims=by_name)

    for _ in range(2):
        first = await renew(provider, first.refresh_token)

    told = (await provider.describe_user(first.access_token)).claims
    assert told["email"] == "alice@example.com"
    assert "name" not in told
    assert provider.claims(first.id_token)["name"] == "alice@example.com"
    assert "email" not in provider.claims(first.id_token)


async def test_the_scope_may_be_narrower_once_and_is_whole_again(provider):
    first = await a_sign_in(provider)

    narrow = await renew(provider, first.refresh_token, scope="openid")
    whole = await renew(provider, narrow.refresh_token)

    assert (narrow.scope, whole.scope) == ("openid", SCOPE)
    assert "email" not in provider.claims(narrow.id_token)


async def test_blanks_for_a_scope_ask_for_no_other_one(provider):
    first = await a_sign_in(provider, api=API, scope="offline_access read:letters")

    second = await renew(provider, first.refresh_token, scope="  ")

    assert second.scope == "offline_access read:letters"
    assert second.id_token is None


async def test_a_wider_scope_is_refused_and_the_token_stays(provider):
    first = await a_sign_in(provider)

    with pytest.raises(ScopeTooWide):
        await renew(provider, first.refresh_token, scope="openid phone")

    assert (await renew(provider, first.refresh_token)).refresh_token is not None


async def test_words_that_mean_nothing_are_left_out_as_they_were_at_first(provider):
    first = await a_sign_in(provider)

    second = await renew(provider, first.refresh_token, scope=f"{SCOPE} address read:letters")

    assert second.scope == SCOPE
    with pytest.raises(ScopeTooWide):
        await renew(provider, second.refresh_token, scope="address")


async def test_a_scope_of_the_api_that_was_not_granted_is_wider(provider):
    first = await a_sign_in(provider, api=API, scope="offline_access read:letters")

    with pytest.raises(ScopeTooWide):
        await renew(provider, first.refresh_token, scope="read:letters write:letters")


async def test_r16_who_lost_the_answer_gets_the_same_next_token(provider):
    first = await a_sign_in(provider)
    second = await renew(provider, first.refresh_token)
    provider.clock.advance(9)

    again = await renew(provider, first.refresh_token)

    assert again.refresh_token == second.refresh_token
    assert (await renew(provider, second.refresh_token)).refresh_token is not None


async def test_t08_an_old_token_after_the_grace_ends_the_family_and_is_recorded(provider):
    first = await a_sign_in(provider)
    second = await renew(provider, first.refresh_token)
    provider.clock.advance(10)

    with pytest.raises(RefreshRefused):
        await renew(provider, first.refresh_token)

    with pytest.raises(RefreshRefused):
        await renew(provider, second.refresh_token)
    assert not await is_open(provider, first.access_token)
    assert not await is_open(provider, second.access_token)
    alice = await provider.user()
    events = await provider.database.read(lambda tx: audit.events_of(tx, alice, None, count=10))
    assert [event.type for event in events].count("RefreshTokenReused") == 1


async def test_t08_a_token_two_before_the_newest_is_reuse_at_once(provider):
    first = await a_sign_in(provider)
    second = await renew(provider, first.refresh_token)
    third = await renew(provider, second.refresh_token)

    with pytest.raises(RefreshRefused):
        await renew(provider, first.refresh_token)

    with pytest.raises(RefreshRefused):
        await renew(provider, third.refresh_token)


async def test_t07_64_at_once_get_one_next_token_between_them(provider):
    for _ in range(5):
        first = await a_sign_in(provider)

        answers = await asyncio.gather(*(renew(provider, first.refresh_token) for _ in range(64)))

        assert len({answer.refresh_token for answer in answers}) == 1
        assert answers[0].refresh_token != first.refresh_token
        presented = refresh.read(answers[0].refresh_token or "", KEYRING)
        assert presented is not None
        assert presented.generation == 1


async def test_another_client_gets_nothing_and_ends_nothing(provider):
    first = await a_sign_in(provider)

    with pytest.raises(RefreshRefused):
        await renew(provider, first.refresh_token, "mallory-web")

    assert (await renew(provider, first.refresh_token)).refresh_token is not None


async def test_r24_a_token_from_a_future_that_the_database_lost_ends_the_family(provider):
    first = await a_sign_in(provider)
    second = await renew(provider, first.refresh_token)
    third = await renew(provider, second.refresh_token)
    await provider.database.transact(lambda tx: tx.run(BACK["back"], {}))

    with pytest.raises(RefreshRefused):
        await renew(provider, third.refresh_token)

    with pytest.raises(RefreshRefused):
        await renew(provider, second.refresh_token)


@pytest.mark.parametrize("days", [15, 31])
async def test_a_token_that_was_not_used_for_long_ends(provider, days):
    first = await a_sign_in(provider)
    provider.clock.advance(timedelta(days=days).total_seconds())

    with pytest.raises(RefreshRefused):
        await renew(provider, first.refresh_token)


async def test_a_family_ends_in_time_however_often_it_is_used(provider):
    token = (await a_sign_in(provider)).refresh_token
    for _ in range(2):
        provider.clock.advance(timedelta(days=14).total_seconds())
        token = (await renew(provider, token)).refresh_token
    provider.clock.advance(timedelta(days=2).total_seconds())

    with pytest.raises(RefreshRefused):
        await renew(provider, token)


async def test_t12_who_is_shut_out_refreshes_nothing(provider):
    first = await a_sign_in(provider)
    alice, now = await provider.user(), provider.clock.now()
    await provider.database.transact(
        lambda tx: identities.set_blocked(tx, alice, blocked_at=now, now=now)
    )

    with pytest.raises(RefreshRefused):
        await renew(provider, first.refresh_token)


async def test_a_token_for_an_api_stays_for_it_and_ends_with_it(provider):
    first = await a_sign_in(provider, api=API, scope=f"{SCOPE} read:letters")

    second = await renew(provider, first.refresh_token)

    claims = provider.claims(second.access_token, API.identifier)
    assert claims["scope"] == f"{SCOPE} read:letters"
    assert second.expires_in == 600
    provider.apis.clear()
    with pytest.raises(RefreshRefused):
        await renew(provider, second.refresh_token)


async def test_an_api_that_allows_no_refresh_tokens_any_more_gets_no_more_tokens(provider):
    first = await a_sign_in(provider, api=API, scope=f"{SCOPE} read:letters")
    strict = msgspec.structs.replace(API, allow_offline_access=False)
    provider.apis[API.identifier] = strict

    with pytest.raises(RefreshRefused):
        await renew(provider, first.refresh_token)

    provider.apis[API.identifier] = API
    assert (await renew(provider, first.refresh_token)).refresh_token is not None


async def test_a_scope_that_the_api_lost_does_not_come_back(provider):
    first = await a_sign_in(provider, api=API, scope=f"{SCOPE} read:letters write:letters")
    provider.apis[API.identifier] = msgspec.structs.replace(API, scopes=("read:letters",))

    second = await renew(provider, first.refresh_token)

    assert second.scope == f"{SCOPE} read:letters"


async def test_the_database_holds_nothing_that_a_token_could_be_made_of(provider):
    first = await a_sign_in(provider)
    rows = statements.parse("-- rows --\n-- All.\nselect id, generation from refresh_families")

    class Row(msgspec.Struct, frozen=True):
        id: str
        generation: int

    row = await provider.database.read(lambda tx: tx.one(rows["rows"], Row, {}))

    assert row is not None
    stranger = type(KEYRING)({1: b"x" * 32})
    forged = refresh.token_of(row.id, row.generation, stranger)
    with pytest.raises(RefreshRefused):
        await renew(provider, forged)
    assert (await renew(provider, first.refresh_token)).refresh_token is not None
