"""A waiting request is answered once, in its own browser."""

import asyncio

import pytest

from latchstring.base.ids import ClientId
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.request import AuthorizationRequest, Start, Wanted
from latchstring.flows.authorize import Browser, SignInNeeded
from latchstring.flows.resume_authorization import (
    AuthorizationOver,
    FindAuthorization,
    NotYet,
    Resumed,
)
from tests.support.provider import ALICE, BOB, CALLBACK, CHALLENGE, Provider, a_provider

WANTED = Wanted(
    client_id=ClientId("acme-web"),
    redirect_uri=CALLBACK,
    response_mode="query",
    scope="openid",
    code_challenge=CHALLENGE,
)


@pytest.fixture
async def provider(tmp_path):
    async with a_provider(tmp_path) as provider:
        yield provider


async def waiting(provider: Provider, token: str = "browser") -> AuthorizationRequest:
    outcome = await provider.authorize(
        WANTED, Browser(token=token, session=None), provider.clients["acme-web"]
    )
    assert isinstance(outcome, SignInNeeded)
    find = FindAuthorization(provider.database, provider.clock)
    return await find(outcome.request_id, token)


async def test_64_returns_at_once_make_one_code(provider):
    request = await waiting(provider)
    provider.clock.advance(10)
    session, _ = await provider.session()
    browser = Browser(token="browser", session=session)

    answers = await asyncio.gather(
        *(provider.resume(request.id, browser) for _ in range(64)), return_exceptions=True
    )

    assert sum(isinstance(answer, Resumed) for answer in answers) == 1
    assert sum(isinstance(answer, AuthorizationOver) for answer in answers) == 63


async def test_whoever_named_somebody_else_has_to_prove_that(provider):
    request = await waiting(provider)
    start = Start(
        id=request.id,
        identifier=BOB.value,
        identifier_digest=BOB.digest,
        challenged_connection=BOB.connection,
        starts=0,
        lives_until=request.expires_at,
    )
    now = provider.clock.now()
    await provider.database.transact(lambda tx: authorizations.note_start(tx, start, now))
    provider.clock.advance(10)
    alice, _ = await provider.session(ALICE)
    bob, _ = await provider.session(BOB)

    early = await provider.resume(request.id, Browser(token="browser", session=alice))
    right = await provider.resume(request.id, Browser(token="browser", session=bob))

    assert isinstance(early, NotYet)
    assert isinstance(right, Resumed)


async def test_another_browser_learns_nothing_of_a_request(provider):
    request = await waiting(provider)
    find = FindAuthorization(provider.database, provider.clock)

    with pytest.raises(AuthorizationOver) as over:
        await find(request.id, "mallory")

    assert over.value.request is None


async def test_its_own_browser_learns_which_application_waited(provider):
    request = await waiting(provider)
    provider.clock.advance(30 * 60)
    find = FindAuthorization(provider.database, provider.clock)

    with pytest.raises(AuthorizationOver) as over:
        await find(request.id, "browser")

    assert over.value.request == request
