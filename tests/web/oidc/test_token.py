"""The application at ``/oauth/token``, and what Mallory tries there."""

import asyncio
import base64

import msgspec
import pytest

from latchstring.base.errors import ChallengeRefused, ClientRefused, Unavailable
from latchstring.base.errors import TooManyRequests as Limited
from latchstring.base.origin import NOWHERE
from latchstring.base.secrets import digest
from latchstring.web.oidc.client_authentication import Authenticate
from latchstring.web.oidc.token import TokenEndpoint
from tests.support.places import USUAL
from tests.support.provider import (
    API,
    AT,
    CALLBACK,
    SECRET,
    VERIFIER,
    a_client,
    basic,
    token_request,
)

ODD = "client_credentials"
"""A grant that the client may use, and that the test itself brings."""


async def assert_refused(response, status: int, error: str) -> None:
    body = response.json()
    assert (response.status_code, body["error"]) == (status, error), body
    assert body.keys() == {"error", "error_description", "request_id"}
    assert body["request_id"] == response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"


async def test_a_code_is_worth_tokens(browser, application, provider):
    session = await browser.sign_in()

    response = await application.token(code=await browser.code(nonce="n-1"))

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["pragma"] == "no-cache"
    tokens = response.json()
    assert tokens.keys() == {"access_token", "id_token", "scope", "expires_in", "token_type"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 86400)
    assert tokens["scope"] == "openid profile email phone"
    seconds = int(AT.timestamp())
    assert provider.claims(tokens["id_token"]) == {
        "iss": "http://127.0.0.1:8321/",
        "sub": session.user_id,
        "aud": "acme-web",
        "iat": seconds,
        "exp": seconds + 36000,
        "nonce": "n-1",
        "sid": session.id,
        "auth_time": seconds,
        "amr": ["otp", "email"],
        "name": "alice@example.com",
        "nickname": "alice",
        "updated_at": seconds,
        "email": "alice@example.com",
        "email_verified": True,
    }


async def test_a_nonce_that_was_not_sent_does_not_come_back(browser, application, provider):
    await browser.sign_in()

    tokens = (await application.token(code=await browser.code())).json()

    assert "nonce" not in provider.claims(tokens["id_token"])


async def test_without_openid_there_is_no_id_token(browser, application):
    await browser.sign_in()

    tokens = (await application.token(code=await browser.code(scope="email unknown"))).json()

    assert "id_token" not in tokens
    assert tokens["scope"] == "email"


async def test_json_serves_as_well_as_a_form_and_null_is_absent(browser, application):
    await browser.sign_in()
    body = {**token_request(code=await browser.code()), "audience": None, "scope": ""}

    assert (await application.http.post("/oauth/token", json=body)).status_code == 200


async def test_a_public_client_proves_itself_by_pkce_alone(browser, application):
    await browser.sign_in()
    code = await browser.code(client_id="acme-spa")

    response = await application.token(code=code, client_id="acme-spa", client_secret=None)

    assert response.status_code == 200


async def test_a_client_that_lost_its_secret_meanwhile_cannot_skip_pkce(
    browser, application, provider
):
    provider.clients["acme-web"] = a_client(require_pkce=False)
    await browser.sign_in()
    code = await browser.code(code_challenge=None, code_challenge_method=None)
    provider.clients["acme-web"] = a_client(secret_digest=None)

    response = await application.token(code=code, client_secret=None, code_verifier=None)

    await assert_refused(response, 400, "invalid_grant")


async def test_a_confidential_client_may_do_without_pkce(browser, application, provider):
    provider.clients["acme-web"] = a_client(require_pkce=False)
    await browser.sign_in()
    code = await browser.code(code_challenge=None, code_challenge_method=None)

    assert (await application.token(code=code, code_verifier=None)).status_code == 200


async def test_t_01_a_code_at_another_client_is_refused_and_dead(browser, application):
    await browser.sign_in()
    code = await browser.code()

    await assert_refused(
        await application.token(code=code, client_id="mallory-web"), 400, "invalid_grant"
    )
    await assert_refused(await application.token(code=code), 400, "invalid_grant")


@pytest.mark.parametrize("uri", ["https://app.test/cb/", "https://app.test/", CALLBACK + "?x"])
async def test_another_redirect_uri_than_at_authorize_is_refused(browser, application, uri):
    await browser.sign_in()

    response = await application.token(code=await browser.code(), redirect_uri=uri)

    await assert_refused(response, 400, "invalid_grant")


async def test_t_03_of_64_at_once_one_gets_tokens_and_keeps_them(browser, application):
    await browser.sign_in()
    code = await browser.code()

    answers = await asyncio.gather(*(application.token(code=code) for _ in range(64)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 63
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert (await userinfo(application, winner["access_token"])).status_code == 200


async def test_t_03_a_later_replay_revokes_what_the_first_use_gave(browser, application, provider):
    await browser.sign_in()
    code = await browser.code()
    tokens = (await application.token(code=code)).json()
    provider.clock.advance(0.999)
    await assert_refused(await application.token(code=code), 400, "invalid_grant")
    assert (await userinfo(application, tokens["access_token"])).status_code == 200

    provider.clock.advance(0.001)
    await assert_refused(await application.token(code=code), 400, "invalid_grant")

    assert (await userinfo(application, tokens["access_token"])).status_code == 401


@pytest.mark.parametrize("verifier", [None, "", "w" * 43, VERIFIER[:-1], VERIFIER + "v", "v" * 129])
async def test_t_04_a_missing_or_wrong_verifier_is_refused(browser, application, verifier):
    await browser.sign_in()

    response = await application.token(code=await browser.code(), code_verifier=verifier)

    await assert_refused(response, 400, "invalid_grant")


async def test_t_05_a_verifier_without_a_challenge_is_refused(browser, application, provider):
    provider.clients["acme-web"] = a_client(require_pkce=False)
    await browser.sign_in()
    code = await browser.code(code_challenge=None, code_challenge_method=None)

    await assert_refused(await application.token(code=code), 400, "invalid_grant")


async def test_a_code_lives_for_a_minute(browser, application, provider):
    await browser.sign_in()
    code = await browser.code()
    provider.clock.advance(60)

    await assert_refused(await application.token(code=code), 400, "invalid_grant")


async def test_a_code_on_its_way_dies_with_the_session(browser, application, provider):
    session = await browser.sign_in()
    code = await browser.code()
    await provider.sign_out(session, NOWHERE)

    await assert_refused(await application.token(code=code), 400, "invalid_grant")


@pytest.mark.parametrize("code", ["x", "a" * 43, "'; drop table users", "é", "a" * 60000])
async def test_an_invented_code_is_refused(application, code):
    await assert_refused(await application.token(code=code), 400, "invalid_grant")


@pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri"])
async def test_a_missing_parameter_is_named(application, name):
    response = await application.token(**({"code": "x"} | {name: None}))

    await assert_refused(response, 400, "invalid_request")
    assert name in response.json()["error_description"]


@pytest.mark.parametrize("grant", ["password", "client_credentials", "implicit"])
async def test_grants_that_do_not_exist_are_unsupported(application, grant):
    await assert_refused(await application.token(grant_type=grant), 400, "unsupported_grant_type")


@pytest.mark.parametrize("name", ["code", "client_id", "client_secret", "grant_type"])
async def test_a_11_a_repeated_parameter_is_refused(application, name):
    form = token_request(code="x")
    doubled = "&".join(f"{key}={value}" for key, value in [*form.items(), (name, form[name])])

    response = await application.http.post(
        "/oauth/token",
        content=doubled,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    await assert_refused(response, 400, "invalid_request")


async def test_parameters_in_the_url_do_not_count(browser, application):
    await browser.sign_in()
    form = token_request(code=await browser.code())

    response = await application.http.post("/oauth/token", params=form, data={"x": "y"})

    await assert_refused(response, 400, "invalid_request")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b'{"grant_type":"x"}', 415),
        ({}, b"grant_type=x", 415),
        ({"Content-Type": "application/json"}, b"[]", 400),
        ({"Content-Type": "application/json"}, b"[" * 50000, 400),
        ({"Content-Type": "application/json"}, b'{"grant_type":["x"]}', 400),
        ({"Content-Type": "application/json"}, b'{"grant_type":1}', 400),
        ({"Content-Type": "application/json"}, b"\xff", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=%ff", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=" + b"a" * 70000, 413),
    ],
)
async def test_a_body_that_is_no_request_is_refused(application, headers, body, status):
    response = await application.http.post("/oauth/token", content=body, headers=headers)

    await assert_refused(response, status, "invalid_request")


@pytest.mark.parametrize("name", ['gr"nt', "gr\\nt", "grånt", "gr\nnt"])
async def test_a_description_has_no_characters_that_oauth_forbids(application, name):
    response = await application.http.post("/oauth/token", json={name: 1})

    reply = response.json()
    assert (response.status_code, reply["error"]) == (400, "invalid_request")
    assert reply["error_description"] == "The parameter gr?nt must be text."


async def test_what_an_api_lost_while_the_code_was_on_its_way_is_not_given(
    browser, application, provider
):
    await browser.sign_in()
    scope = "openid offline_access read:letters write:letters"
    code = await browser.code(audience=API.identifier, scope=scope)
    provider.apis[API.identifier] = msgspec.structs.replace(
        API, scopes=("read:letters",), allow_offline_access=False
    )

    reply = (await application.token(code=code)).json()

    assert reply["scope"] == "openid read:letters"
    assert "refresh_token" not in reply


async def test_other_methods_do_not_exist(application):
    response = await application.http.get("/oauth/token")

    assert (response.status_code, response.headers["allow"]) == (405, "POST")


# -- client authentication ------------------------------------------------------------------------


async def assert_stranger(response) -> None:
    await assert_refused(response, 401, "invalid_client")
    assert response.headers["www-authenticate"] == 'Basic realm="latchstring"'


async def test_basic_authentication_serves_as_well(browser, application):
    await browser.sign_in()
    form = token_request(code=await browser.code(), client_id=None, client_secret=None)

    response = await application.http.post(
        "/oauth/token", data=form, headers=basic("acme-web", SECRET)
    )

    assert response.status_code == 200


async def test_a_bare_secret_that_cannot_be_an_encoded_one_is_read_as_it_is(application, provider):
    secret = "no-text-when-decoded-%ff-but-a-secret"
    provider.clients["acme-web"] = a_client(secret_digest=digest(secret))
    form = token_request(code="x", client_id=None, client_secret=None)

    response = await application.http.post(
        "/oauth/token", data=form, headers=basic("acme-web", secret)
    )

    await assert_refused(response, 400, "invalid_grant")  # the client was let in, the code was not


@pytest.mark.parametrize("secret", ["50%25+1%26more", "50%+1&more"])
async def test_basic_credentials_are_read_encoded_or_bare(application, provider, secret):
    bare = "50% 1&more" if "%25" in secret else "50%+1&more"
    provider.clients["acme-web"] = a_client(secret_digest=digest(bare))
    form = token_request(code="x", client_id=None, client_secret=None)

    response = await application.http.post(
        "/oauth/token", data=form, headers=basic("acme-web", secret)
    )

    await assert_refused(response, 400, "invalid_grant")  # the client was let in, the code was not


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": "wrong"},
        {"client_secret": None},
        {"client_secret": ""},
        {"client_secret": SECRET + "x"},
        {"client_secret": "x" * 60000},
        {"client_id": "nobody"},
        {"client_id": None},
        {"client_id": "acme-spa"},
        {"client_secret": None, "client_assertion": "e30.e30.x"},
    ],
)
async def test_t_10_a_client_that_does_not_prove_itself_is_a_stranger(application, changes):
    await assert_stranger(await application.token(code="x", **changes))


def _raw(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    "header",
    [
        _raw(b"acme-web:wrong"),
        _raw(b"acme-web:"),
        _raw(b"acme-web"),
        _raw(b"acme-web:\xff\xfe"),
        _raw(b"acme-web:%ff"),
        _raw(b"mallory-web:" + SECRET.encode()),
        _raw(b"acme-web:" + b"x" * 8000),
        "Basic ***",
        "basic",
        "Basic ",
    ],
)
async def test_t_10_broken_basic_credentials_are_a_strangers(application, header):
    form = token_request(code="x", client_secret=None)

    response = await application.http.post(
        "/oauth/token", data=form, headers={"Authorization": header}
    )

    await assert_stranger(response)


async def test_t_10_two_ways_of_authentication_at_once_are_refused(application):
    both = await application.http.post(
        "/oauth/token", data=token_request(code="x"), headers=basic("acme-web", SECRET)
    )
    twice = await application.http.post(
        "/oauth/token",
        data=token_request(code="x", client_secret=None),
        headers=[*basic("acme-web", SECRET).items(), *basic("acme-web", "other").items()],
    )

    await assert_stranger(both)
    await assert_stranger(twice)


async def test_a_foreign_scheme_beside_a_secret_is_ignored(application):
    response = await application.http.post(
        "/oauth/token",
        data=token_request(code="x"),
        headers={"Authorization": "Bearer left-over-by-an-interceptor"},
    )

    await assert_refused(response, 400, "invalid_grant")


# -- grants of other surfaces ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raised", "status", "error"),
    [
        (ChallengeRefused("Wrong email or verification code."), 403, "invalid_grant"),
        (ClientRefused("Not enabled for this client."), 403, "unauthorized_client"),
        (Limited("starts", allowed=10, until=AT.replace(minute=1)), 429, "too_many_requests"),
        (Unavailable(), 503, "temporarily_unavailable"),
    ],
)
@pytest.mark.at(*USUAL)  # the grant is one node's
async def test_what_another_grant_raises_is_told_in_oauths_words(
    application, provider, raised, status, error
):
    async def grant(*_args):
        raise raised

    add_grant(application, provider, grant)

    response = await application.token(grant_type=ODD, code="x")

    await assert_refused(response, status, error)
    assert response.json()["error_description"] == str(raised)
    if status == 429:
        assert response.headers["retry-after"] == "60"
        assert response.headers["x-ratelimit-limit"] == "10"
        assert response.headers["x-ratelimit-remaining"] == "0"
        assert response.headers["x-ratelimit-reset"] == str(int(AT.timestamp()) + 60)
    if status == 503:
        assert int(response.headers["retry-after"]) > 0


@pytest.mark.at(*USUAL)  # the grant is one node's
async def test_a_crash_says_nothing_but_its_request_id(application, provider):
    async def grant(*_args):
        raise ZeroDivisionError("the secret is swordfish")

    add_grant(application, provider, grant)

    response = await application.token(grant_type=ODD, code="x")

    await assert_refused(response, 500, "server_error")
    assert "swordfish" not in response.text


def add_grant(application, provider, grant) -> None:
    asgi = application.http._transport.app
    authenticate = Authenticate(lambda: provider.clients, provider.prove_client)
    endpoint = TokenEndpoint(authenticate, {ODD: grant})
    asgi._routes["/oauth/token"].methods["POST"] = endpoint


# -- other origins --------------------------------------------------------------------------------


async def test_a_clients_own_pages_may_call_the_token_endpoint(application):
    headers = {"Origin": "https://app.test", "Access-Control-Request-Method": "POST"}

    preflight = await application.http.options("/oauth/token", headers=headers)
    answer = await application.http.post(
        "/oauth/token", data=token_request(code="x"), headers={"Origin": "https://app.test"}
    )

    assert preflight.status_code == 204
    for response in (preflight, answer):
        assert response.headers["access-control-allow-origin"] == "https://app.test"
        assert "Origin" in response.headers["vary"]
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(
    "origin", ["null", "https://app.test.evil.test", "http://app.test", "https://APP.test", "*"]
)
async def test_c_13_no_other_origin_may_read_the_token_endpoint(application, origin):
    response = await application.http.post(
        "/oauth/token", data=token_request(code="x"), headers={"Origin": origin}
    )

    assert "access-control-allow-origin" not in response.headers


async def userinfo(application, access_token: str):
    headers = {"Authorization": f"Bearer {access_token}"}
    return await application.http.get("/userinfo", headers=headers)
