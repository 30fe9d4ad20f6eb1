"""Claims that a client wants signed (OpenID Connect Core section 5.3.2)."""

import jwt
import pytest

from tests.support.provider import AT, ISSUER, a_client, asked, query


async def test_a_client_that_wants_its_answers_signed_gets_a_jwt(browser, application, provider):
    provider.clients["acme-web"] = a_client(userinfo_signed_response_alg="RS256")
    session = await browser.sign_in()
    tokens = (await application.token(code=await browser.code())).json()

    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    response = await application.http.get("/userinfo", headers=headers)

    assert response.headers["content-type"].partition(";")[0] == "application/jwt"
    assert response.headers["cache-control"] == "no-store"
    assert jwt.get_unverified_header(response.text)["alg"] == "RS256"
    assert provider.claims(response.text) == {
        "iss": ISSUER,
        "aud": "acme-web",
        "sub": session.user_id,
        "name": "alice@example.com",
        "nickname": "alice",
        "updated_at": int(AT.timestamp()),
        "email": "alice@example.com",
        "email_verified": True,
    }


async def test_j05_signed_claims_are_no_id_token(browser, application, provider):
    provider.clients["acme-web"] = a_client(userinfo_signed_response_alg="RS256")
    await browser.sign_in()
    tokens = (await application.token(code=await browser.code())).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    signed = (await application.http.get("/userinfo", headers=headers)).text

    answer = query(await browser.authorize(id_token_hint=signed))

    assert answer["error"] == "invalid_request"
    assert "typ" not in jwt.get_unverified_header(signed)
    assert "code" in query(await browser.authorize(id_token_hint=tokens["id_token"]))


async def test_a_refusal_is_json_for_it_too(application, provider):
    provider.clients["acme-web"] = a_client(userinfo_signed_response_alg="RS256")
    response = await application.http.get("/userinfo", headers={"Authorization": "Bearer x"})

    assert (response.status_code, response.json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("max_age", "enough"), [(None, False), ("100", False), ("1000", True), ("86400", True)]
)
async def test_a_client_may_have_a_max_age_that_holds_where_none_is_asked(
    browser, provider, max_age, enough
):
    provider.clients["acme-web"] = a_client(default_max_age=600)
    await browser.sign_in()
    provider.clock.advance(900)

    response = await browser.http.get("/authorize", params=asked(max_age=max_age))

    assert response.headers["location"].startswith("https://app.test/cb") is enough
