"""Tokens for whoever is proven and welcome."""

import pytest

from latchstring.base.ids import ClientId, UserId
from latchstring.domain.identities import store as identities
from latchstring.flows.issue_tokens import TokenRequest
from tests.support.provider import AT, BOB, a_provider


@pytest.fixture
async def provider(tmp_path):
    async with a_provider(tmp_path) as provider:
        yield provider


def a_request(user_id: UserId, scope: str = "openid phone") -> TokenRequest:
    return TokenRequest(
        client_id=ClientId("acme-web"),
        user_id=user_id,
        scope=scope,
        auth_time=AT,
        amr=("otp", "sms"),
    )


async def test_a_sign_in_without_a_browser_gets_tokens_without_a_session(provider):
    bob = await provider.user(BOB)

    tokens = await provider.issue(a_request(bob))

    claims = provider.claims(tokens.id_token)
    assert not {"nonce", "sid", "email", "name"} & claims.keys()
    assert (claims["sub"], claims["amr"]) == (bob, ["otp", "sms"])
    described = await provider.describe_user(tokens.access_token)
    assert described.claims == {
        "sub": bob,
        "phone_number": "+447700900123",
        "phone_number_verified": True,
    }


async def test_without_openid_there_is_no_id_token(provider):
    tokens = await provider.issue(a_request(await provider.user(), "email"))

    assert tokens.id_token is None


async def test_nobody_and_somebody_shut_out_get_nothing(provider):
    alice, now = await provider.user(), provider.clock.now()
    await provider.database.transact(
        lambda tx: identities.set_blocked(tx, alice, blocked_at=now, now=now)
    )

    for user_id in (alice, UserId("email|nobody")):
        assert await provider.record(a_request(user_id)) is None
