"""What an access token opens, and for how long."""

import json

import pytest

from latchstring.domain.identities import store as identities
from latchstring.domain.tokens import store as tokens
from tests.support.forgery import forged
from tests.support.provider import BOB


@pytest.fixture
async def signed_in(browser, application):
    session = await browser.sign_in()
    found = (await application.token(code=await browser.code())).json()
    return session, found


async def ask(application, token: str, method: str = "GET"):
    return await application.http.request(
        method, "/userinfo", headers={"Authorization": f"Bearer {token}"}
    )


async def assert_refused(response, status: int = 401, error: str = "invalid_token") -> None:
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.headers["www-authenticate"].startswith('Bearer realm="latchstring"')
    assert f'error="{error}"' in response.headers["www-authenticate"]
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_claims_agree_with_the_id_token(application, provider, signed_in, method):
    session, found = signed_in

    response = await ask(application, found["access_token"], method)

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    claims = response.json()
    assert claims["sub"] == session.user_id
    assert claims.items() <= provider.claims(found["id_token"]).items()


async def test_the_claims_follow_the_scope(browser, application):
    await browser.sign_in(BOB)
    for scope, names in (
        ("openid", {"sub"}),
        ("openid email", {"sub"}),
        ("openid phone", {"sub", "phone_number", "phone_number_verified"}),
        ("openid profile", {"sub", "name", "updated_at"}),
    ):
        found = (await application.token(code=await browser.code(scope=scope))).json()
        assert (await ask(application, found["access_token"])).json().keys() == names, scope


async def test_a_token_without_openid_opens_nothing(browser, application):
    await browser.sign_in()
    found = (await application.token(code=await browser.code(scope="email"))).json()

    await assert_refused(await ask(application, found["access_token"]), 403, "insufficient_scope")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Token x"])
async def test_whoever_sends_no_token_is_told_how(application, header):
    headers = {} if header is None else {"Authorization": header}

    response = await application.http.get("/userinfo", headers=headers)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="latchstring"'


async def test_a_token_may_come_in_the_form_of_a_post(application, signed_in):
    session, found = signed_in

    response = await application.http.post(
        "/userinfo", data={"access_token": found["access_token"]}
    )

    assert (response.status_code, response.json()["sub"]) == (200, session.user_id)


async def test_a_token_in_the_url_or_twice_does_not_count(application, signed_in):
    token = signed_in[1]["access_token"]
    bearer = ("Authorization", f"Bearer {token}")
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    for response, status in (
        (await application.http.get("/userinfo", params={"access_token": token}), 401),
        (await application.http.get("/userinfo", headers=[bearer, bearer]), 401),
        (
            await application.http.post(
                "/userinfo", data={"access_token": token}, headers=dict([bearer])
            ),
            400,
        ),
        (
            await application.http.post(
                "/userinfo", content=f"access_token={token}&access_token={token}", headers=form
            ),
            400,
        ),
    ):
        assert response.status_code == status


async def test_t_12_a_blocked_users_token_is_dead_at_once(application, provider, signed_in):
    session, found = signed_in
    now = provider.clock.now()
    await provider.database.transact(
        lambda tx: identities.set_blocked(tx, session.user_id, blocked_at=now, now=now)
    )

    await assert_refused(await ask(application, found["access_token"]))


async def test_t_12_a_deleted_users_token_is_dead_at_once(application, provider, signed_in):
    session, found = signed_in
    await provider.database.transact(lambda tx: identities.delete_user(tx, session.user_id))

    await assert_refused(await ask(application, found["access_token"]))


async def test_t_12_revoking_a_users_tokens_ends_them_at_once(application, provider, signed_in):
    session, found = signed_in
    now = provider.clock.now()
    ended = await provider.database.transact(
        lambda tx: tokens.revoke_of_user(tx, session.user_id, now)
    )

    assert ended == 1
    await assert_refused(await ask(application, found["access_token"]))


async def test_the_token_of_a_removed_application_opens_nothing(application, provider, signed_in):
    _, found = signed_in
    del provider.clients["acme-web"]

    await assert_refused(await ask(application, found["access_token"]))


async def test_a_token_lives_for_a_day(application, provider, signed_in):
    provider.clock.advance(24 * 3600)

    await assert_refused(await ask(application, signed_in[1]["access_token"]))


async def test_t_13_a_damaged_token_opens_nothing(application, signed_in):
    token = signed_in[1]["access_token"]
    flipped = ("B" if token[0] == "A" else "A") + token[1:]
    last = chr(ord(token[-1]) ^ 1)

    for bad in (token[:-1], flipped, token + "x", token[:-1] + last, token * 2, "x" * 43, "é"):
        response = await application.http.get(
            "/userinfo", headers={"Authorization": f"Bearer {bad}".encode()}
        )
        await assert_refused(response)


@pytest.mark.parametrize("alg", ["none", "None", "nOnE"])
async def test_j_01_an_unsigned_token_opens_nothing(application, provider, signed_in, alg):
    claims = provider.claims(signed_in[1]["id_token"])

    await assert_refused(await ask(application, forged({"alg": alg, "typ": "at+jwt"}, claims)))


async def test_j_02_a_token_signed_with_our_public_key_as_a_secret_opens_nothing(
    application, provider, signed_in
):
    claims = provider.claims(signed_in[1]["id_token"])
    public = json.dumps(json.loads(provider.signer.document)["keys"][0]).encode()
    header = {"alg": "HS256", "typ": "at+jwt", "kid": provider.signer.key_id()}

    await assert_refused(await ask(application, forged(header, claims, public)))


async def test_j_05_an_id_token_is_no_access_token(application, signed_in):
    await assert_refused(await ask(application, signed_in[1]["id_token"]))


async def test_c_13_only_a_clients_origin_may_read_userinfo(application, signed_in):
    headers = {"Authorization": f"Bearer {signed_in[1]['access_token']}"}

    for origin, allowed in (("https://app.test", True), ("https://mallory.example", False)):
        response = await application.http.get("/userinfo", headers={**headers, "Origin": origin})
        assert ("access-control-allow-origin" in response.headers) is allowed
