"""Tokens that travel through the browser, for clients that list it."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from msgspec import structs

from latchstring.base.settings import SigningAlgorithm
from latchstring.base.settings_texts import RESPONSE_TYPES
from latchstring.domain.identities import store as identities
from tests.support.provider import (
    API,
    CALLBACK,
    CHALLENGE,
    ISSUER,
    VERIFIER,
    a_client,
    fragment,
    live_tokens,
    where,
)

SPA = "acme-spa"


@pytest.fixture
def old(provider) -> None:
    """An application on an old SDK, which lists everything there is."""
    provider.clients["acme-web"] = a_client(response_types=RESPONSE_TYPES)


def half_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()[:16]
    return urlsafe_b64encode(digest).decode().rstrip("=")


EXPECTED = {
    "token": {"access_token"},
    "id_token": {"id_token"},
    "id_token token": {"access_token", "id_token"},
    "token id_token": {"access_token", "id_token"},
    "code token": {"code", "access_token"},
    "code id_token": {"code", "id_token"},
    "id_token code": {"code", "id_token"},
    "code id_token token": {"code", "access_token", "id_token"},
    "code token id_token": {"code", "access_token", "id_token"},
}


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("response_type", EXPECTED)
async def test_the_words_of_a_response_type_may_stand_in_any_order(
    browser, provider, response_type
):
    await browser.sign_in()

    response = await browser.authorize(response_type=response_type, nonce="n-1")

    assert where(response).startswith(f"{CALLBACK}#")
    answer = fragment(response)
    told = EXPECTED[response_type]
    beside = {"token_type", "expires_in", "scope"} if "access_token" in told else set()
    assert answer.keys() == told | beside | {"state", "iss"}
    assert (answer["state"], answer["iss"]) == ("s 1&", ISSUER)
    if "access_token" in told:
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", "86400")
        assert answer["scope"] == "openid profile email phone"
    if "id_token" in told:
        claims = provider.claims(answer["id_token"])
        assert claims["nonce"] == "n-1"
        assert claims["email"] == "alice@example.com"
        assert claims.get("at_hash") == (
            half_hash(answer["access_token"]) if "access_token" in told else None
        )
        assert claims.get("c_hash") == (half_hash(answer["code"]) if "code" in told else None)


@pytest.mark.usefixtures("old")
async def test_the_access_token_opens_userinfo(browser, application):
    session = await browser.sign_in()
    answer = fragment(await browser.authorize(response_type="token"))

    response = await application.http.get(
        "/userinfo", headers={"Authorization": f"Bearer {answer['access_token']}"}
    )

    assert response.json()["sub"] == session.user_id


async def test_the_hashes_are_those_of_the_clients_algorithm(browser, provider):
    provider.clients["acme-web"] = a_client(
        response_types=RESPONSE_TYPES, id_token_signed_response_alg=SigningAlgorithm.ES256
    )
    await browser.sign_in()

    answer = fragment(await browser.authorize(response_type="id_token token", nonce="n"))

    claims = provider.claims(answer["id_token"])
    assert claims["at_hash"] == half_hash(answer["access_token"])


@pytest.mark.usefixtures("old")
async def test_a_token_for_an_api_is_signed_and_hashed_whole(browser, provider):
    await browser.sign_in()

    answer = fragment(
        await browser.authorize(
            response_type="id_token token",
            nonce="n",
            audience=API.identifier,
            scope="openid read:letters delete:letters",
        )
    )

    assert answer["access_token"].count(".") == 2
    assert answer["scope"] == "openid read:letters"
    assert answer["expires_in"] == "600"
    assert provider.claims(answer["id_token"])["at_hash"] == half_hash(answer["access_token"])


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("response_type", ["token", "code token"])
async def test_no_refresh_token_travels_through_a_browser(browser, response_type):
    await browser.sign_in()

    answer = fragment(
        await browser.authorize(response_type=response_type, scope="openid offline_access")
    )

    assert "refresh_token" not in answer
    assert answer["scope"] == "openid"


@pytest.mark.usefixtures("old")
async def test_the_code_of_a_hybrid_answer_still_brings_a_refresh_token(browser, application):
    await browser.sign_in()
    answer = fragment(
        await browser.authorize(response_type="code token", scope="openid offline_access")
    )

    tokens = (await application.token(code=answer["code"])).json()

    assert tokens["refresh_token"]


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("response_type", ["id_token", "id_token token", "code id_token"])
async def test_an_id_token_in_the_front_needs_a_nonce_and_openid(browser, response_type):
    await browser.sign_in()

    without = fragment(await browser.authorize(response_type=response_type))
    closed = fragment(
        await browser.authorize(response_type=response_type, nonce="n", scope="email")
    )

    assert (without["error"], closed["error"]) == ("invalid_request", "invalid_request")
    assert "nonce" in without["error_description"]


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("response_type", [kind for kind in RESPONSE_TYPES if kind != "code"])
async def test_o3_tokens_never_travel_in_a_query(browser, response_type):
    await browser.sign_in()

    response = await browser.authorize(
        response_type=response_type, nonce="n", response_mode="query"
    )

    answer = fragment(response)
    assert answer["error"] == "invalid_request"
    assert "response_mode" not in answer
    assert "token" not in where(response)


@pytest.mark.usefixtures("old")
async def test_pkce_is_for_codes(browser, provider):
    none = {"code_challenge": None, "code_challenge_method": None}
    await browser.sign_in()

    implicit = fragment(await browser.authorize(response_type="token", **none))
    hybrid = fragment(await browser.authorize(response_type="code token", **none))

    assert implicit["access_token"]
    assert hybrid["error"] == "invalid_request"


@pytest.mark.usefixtures("old")
async def test_t03_a_late_replay_of_the_code_ends_the_tokens_beside_it(
    browser, application, provider
):
    await browser.sign_in()
    answer = fragment(await browser.authorize(response_type="code token"))
    assert (await application.token(code=answer["code"])).status_code == 200
    assert await live_tokens(provider) == 2
    provider.clock.advance(2)

    again = await application.token(code=answer["code"])

    assert again.json()["error"] == "invalid_grant"
    assert await live_tokens(provider) == 0
    response = await application.http.get(
        "/userinfo", headers={"Authorization": f"Bearer {answer['access_token']}"}
    )
    assert response.status_code == 401


@pytest.mark.usefixtures("old")
async def test_the_code_is_bound_to_its_challenge_whatever_came_beside_it(browser, application):
    await browser.sign_in()
    answer = fragment(await browser.authorize(response_type="code id_token", nonce="n"))

    wrong = await application.token(code=answer["code"], code_verifier=VERIFIER[:-1] + "w")

    assert len(CHALLENGE) == 43
    assert wrong.json()["error"] == "invalid_grant"


@pytest.mark.usefixtures("old")
async def test_the_answer_after_a_sign_in_holds_tokens_too(browser, provider):
    waiting = where(await browser.authorize(response_type="token id_token", nonce="n"))
    provider.clock.advance(20)
    session = await browser.sign_in()

    response = await browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))

    answer = fragment(response)
    claims = provider.claims(answer["id_token"])
    assert (claims["sub"], claims["nonce"]) == (session.user_id, "n")
    assert claims["at_hash"] == half_hash(answer["access_token"])


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize(
    ("client", "api", "scope"),
    [
        ({"response_types": ("code",)}, {}, None),
        ({"response_types": ("code", "id_token")}, {}, None),
        ({}, {"scopes": ("read:letters",)}, "openid read:letters"),
    ],
)
async def test_what_the_operator_took_back_during_the_sign_in_is_not_given(
    browser, provider, client, api, scope
):
    response = await browser.authorize(
        response_type="id_token token",
        nonce="n",
        audience=API.identifier,
        scope="openid read:letters write:letters",
    )
    waiting = where(response)
    provider.clock.advance(20)
    await browser.sign_in()
    provider.clients["acme-web"] = replace(provider.clients["acme-web"], **client)
    provider.apis[API.identifier] = structs.replace(API, **api)

    response = await browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))

    assert (fragment(response)["scope"] if scope else response.text) == (scope or "sign-in over")
    assert await live_tokens(provider) == int(scope is not None)


@pytest.mark.usefixtures("old")
async def test_somebody_shut_out_gets_no_tokens(browser, provider):
    session = await browser.sign_in()
    now = provider.clock.now()
    await provider.database.transact(
        lambda tx: identities.set_blocked(tx, session.user_id, blocked_at=now, now=now)
    )

    answer = fragment(
        await browser.authorize(response_type="token id_token", nonce="n", prompt="none")
    )

    assert answer["error"] == "login_required"
    assert await live_tokens(provider) == 0


async def test_a_client_that_stops_listing_it_stops_getting_it(browser, provider):
    provider.clients["acme-web"] = a_client(response_types=("code", "id_token"))
    await browser.sign_in()

    assert "id_token" in fragment(await browser.authorize(response_type="id_token", nonce="n"))
    refused = fragment(await browser.authorize(response_type="id_token token", nonce="n"))

    assert refused["error"] == "unsupported_response_type"
