"""What a client may ask about tokens, and how it gives one back."""

import msgspec
import pytest

from latchstring.base.ids import ClientId
from latchstring.domain.identities import store as identities
from tests.support.forgery import forged
from tests.support.places import AND_TWO_NODES
from tests.support.provider import API, ISSUER, SECRET, a_client, a_sign_in, basic

pytestmark = pytest.mark.at(*AND_TWO_NODES)

SCOPE = "openid email offline_access"
ME = {"client_id": "acme-web", "client_secret": SECRET}
MALLORY = {"client_id": "mallory-web", "client_secret": SECRET}
INACTIVE = {"active": False}


async def introspect(application, token: str | None, **who: str) -> dict[str, object]:
    response = await application.http.post("/oauth/introspect", data={"token": token, **who})
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    return response.json()


async def revoke(application, token: str | None, **who: str):
    return await application.http.post("/oauth/revoke", json={"token": token, **who})


async def userinfo(application, token: str | None) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await application.http.get("/userinfo", headers=headers)).status_code


async def refresh(application, token: str | None) -> int:
    sent = {"grant_type": "refresh_token", "refresh_token": token, **ME}
    return (await application.http.post("/oauth/token", data=sent)).status_code


async def test_a_client_learns_what_its_access_token_is_worth(application, provider):
    alice, found = await provider.user(), await a_sign_in(provider)

    worth = await introspect(application, found.access_token, **ME)

    now = int(provider.clock.now().timestamp())
    assert worth == {
        "active": True,
        "client_id": "acme-web",
        "sub": alice,
        "scope": SCOPE,
        "aud": f"{ISSUER}userinfo",
        "iss": ISSUER,
        "iat": now,
        "exp": now + 86400,
        "token_type": "Bearer",
    }


async def test_a_refresh_token_is_no_bearer_token(application, provider):
    found = await a_sign_in(provider)

    worth = await introspect(application, found.refresh_token, **ME)

    assert worth["active"] is True
    assert "token_type" not in worth


async def test_a_refresh_token_that_was_used_is_worth_nothing(application, provider):
    found = await a_sign_in(provider)
    assert await refresh(application, found.refresh_token) == 200

    assert await introspect(application, found.refresh_token, **ME) == INACTIVE


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_o16_another_client_s_token_is_inactive_and_nothing_else(application, provider, kind):
    found = await a_sign_in(provider)

    assert await introspect(application, getattr(found, kind), **MALLORY) == INACTIVE


async def test_an_api_may_ask_about_the_tokens_that_are_for_apis(application, provider):
    provider.clients["the-api"] = a_client("the-api", name="Letters")
    provider.clients["mallory-web"] = a_client("mallory-web", first_party=False)
    found = await a_sign_in(provider, api=API)

    worth = await introspect(
        application, found.access_token, client_id="the-api", client_secret=SECRET
    )

    assert worth["active"]
    assert worth["aud"] == [API.identifier, f"{ISSUER}userinfo"]  # as in the token itself
    assert await introspect(application, found.access_token, **MALLORY) == INACTIVE


@pytest.mark.parametrize("who", [{}, {"client_id": "acme-spa"}, {"client_id": "acme-web"}])
async def test_o16_nobody_asks_without_proving_who_they_are(application, provider, who):
    found = await a_sign_in(provider)

    response = await application.http.post(
        "/oauth/introspect", data={"token": found.access_token, **who}
    )

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
async def test_a_call_without_a_token_is_told_what_is_missing(application, path):
    response = await application.http.post(path, data=ME)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert "token" in response.json()["error_description"]


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
async def test_o14_a_token_that_comes_twice_is_refused(application, path):
    response = await application.http.post(
        path,
        content="token=a&token=b",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            **basic("acme-web", SECRET),
        },
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_a_token_with_every_scope_of_a_large_api_is_known_and_given_back(
    application, provider
):
    names = tuple(f"letters:{number}:read" for number in range(600))
    large = msgspec.structs.replace(API, scopes=names)
    found = await a_sign_in(provider, api=large, scope=f"openid {' '.join(names)}")
    assert len(found.access_token) > 10_000

    assert (await introspect(application, found.access_token, **ME))["active"] is True
    assert (await revoke(application, found.access_token, **ME)).status_code == 200

    assert await introspect(application, found.access_token, **ME) == INACTIVE


def mangled(token: str) -> list[str]:
    flipped = "B" if token[20] != "B" else "C"
    return [token[:-1], token[:-4], f"{token}A", f"{token[:20]}{flipped}{token[21:]}", token[::-1]]


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("api", [None, API], ids=["opaque", "signed"])
async def test_t13_a_token_cut_flipped_or_longer_is_worth_nothing(application, provider, kind, api):
    token = getattr(await a_sign_in(provider, api=api), kind)

    for other in mangled(token):
        assert await introspect(application, other, **ME) == INACTIVE
        assert await userinfo(application, other) == 401
    assert (await introspect(application, token, **ME))["active"] is True


async def test_t12_the_tokens_of_somebody_shut_out_are_worth_nothing(application, provider):
    found = await a_sign_in(provider)
    alice, now = await provider.user(), provider.clock.now()
    await provider.database.transact(
        lambda tx: identities.set_blocked(tx, alice, blocked_at=now, now=now)
    )

    for token in (found.access_token, found.refresh_token):
        assert await introspect(application, token, **ME) == INACTIVE


# -- giving back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("api", [None, API], ids=["opaque", "signed"])
async def test_t17_an_access_token_given_back_is_dead_and_ends_alone(application, provider, api):
    found = await a_sign_in(provider, api=api)

    response = await revoke(application, found.access_token, **ME)

    assert (response.status_code, response.content) == (200, b"")
    assert await introspect(application, found.access_token, **ME) == INACTIVE
    assert await userinfo(application, found.access_token) == 401
    assert await refresh(application, found.refresh_token) == 200


async def test_t17_a_refresh_token_given_back_takes_its_access_tokens_along(application, provider):
    found = await a_sign_in(provider)

    assert (await revoke(application, found.refresh_token, **ME)).status_code == 200

    assert await refresh(application, found.refresh_token) == 400
    assert await userinfo(application, found.access_token) == 401


async def test_t17_an_old_refresh_token_given_back_ends_the_family_too(application, provider):
    found = await a_sign_in(provider)
    sent = {"grant_type": "refresh_token", "refresh_token": found.refresh_token, **ME}
    newest = (await application.http.post("/oauth/token", data=sent)).json()["refresh_token"]

    assert (await revoke(application, found.refresh_token, **ME)).status_code == 200

    assert await refresh(application, newest) == 400


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_t17_a_foreign_token_is_refused_and_lives_on(application, provider, kind):
    found = await a_sign_in(provider)

    response = await revoke(application, getattr(found, kind), **MALLORY)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert (await introspect(application, getattr(found, kind), **ME))["active"] is True


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 48, "a.b.c", "ü"])
async def test_t17_what_nobody_knows_has_ended_already(application, token):
    response = await revoke(application, token, **ME)

    assert (response.status_code, response.content) == (200, b"")


async def test_a_public_client_gives_back_by_its_name_alone(application, provider):
    found = await a_sign_in(provider, client_id=ClientId("acme-spa"))

    response = await revoke(application, found.refresh_token, client_id="acme-spa")

    assert response.status_code == 200
    sent = {
        "grant_type": "refresh_token",
        "refresh_token": found.refresh_token,
        "client_id": "acme-spa",
    }
    assert (await application.http.post("/oauth/token", data=sent)).status_code == 400


# -- signed access tokens -------------------------------------------------------------------------


async def test_an_access_token_for_an_api_is_what_rfc_9068_says(application, provider):
    alice, found = await provider.user(), await a_sign_in(provider, api=API)

    claims = provider.claims(found.access_token, API.identifier)

    now = int(provider.clock.now().timestamp())
    assert claims.pop("jti")
    assert claims.pop("sid")
    assert claims == {
        "iss": ISSUER,
        "sub": alice,
        "aud": [API.identifier, f"{ISSUER}userinfo"],
        "azp": "acme-web",
        "client_id": "acme-web",
        "iat": now,
        "exp": now + 600,
        "scope": SCOPE,
    }
    assert await userinfo(application, found.access_token) == 200


async def test_without_openid_it_is_for_the_api_alone(application, provider):
    found = await a_sign_in(provider, api=API, scope="read:letters")

    assert provider.claims(found.access_token, API.identifier)["aud"] == API.identifier
    assert await userinfo(application, found.access_token) == 403


async def test_the_jti_of_a_signed_token_opens_nothing_by_itself(application, provider):
    found = await a_sign_in(provider, api=API)
    jti = provider.claims(found.access_token, API.identifier)["jti"]

    assert await userinfo(application, jti) == 401
    assert await introspect(application, jti, **ME) == INACTIVE


async def test_j05_no_kind_of_token_is_taken_for_another(application, provider):
    found = await a_sign_in(provider, api=API)

    assert await userinfo(application, found.id_token) == 401
    assert await introspect(application, found.id_token, **ME) == INACTIVE
    response = await application.authorize(id_token_hint=found.access_token, prompt="none")
    assert "invalid_request" in response.headers["location"]


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256"])
async def test_j01_a_signed_token_with_an_algorithm_of_its_own_is_none(
    application, provider, algorithm
):
    found = await a_sign_in(provider, api=API)
    claims = provider.claims(found.access_token, API.identifier)
    key = provider.signer.document if algorithm == "HS256" else None

    token = forged({"typ": "at+jwt", "alg": algorithm}, claims, key)

    assert await userinfo(application, token) == 401
    assert await introspect(application, token, **ME) == INACTIVE


async def test_the_answer_of_a_refresh_has_every_member(application, provider):
    found = await a_sign_in(provider)
    sent = {"grant_type": "refresh_token", "refresh_token": found.refresh_token, "scope": "", **ME}

    response = await application.http.post("/oauth/token", json=sent)

    assert response.status_code == 200, response.text
    assert response.json().keys() == {
        "access_token",
        "refresh_token",
        "id_token",
        "scope",
        "expires_in",
        "token_type",
    }
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("token", "status", "error"),
    [
        ("x" * 48, 400, "invalid_grant"),
        ("x", 400, "invalid_grant"),
        (None, 400, "invalid_request"),
        ("", 400, "invalid_request"),
    ],
)
async def test_a_refresh_that_cannot_be_is_told_so(application, token, status, error):
    sent = {"grant_type": "refresh_token", "refresh_token": token, **ME}

    response = await application.http.post("/oauth/token", json=sent)

    assert (response.status_code, response.json()["error"]) == (status, error)
    if error == "invalid_grant":
        assert response.json()["error_description"] == "Unknown or invalid refresh token."
