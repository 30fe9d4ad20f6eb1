"""Requests that applications push, and what Mallory does with their names."""

import asyncio

import pytest

from latchstring.flows.end_what_was_live import EndWhatWasLive, Reason
from latchstring.flows.purge_expired import PurgeExpired
from tests.support.places import AND_TWO_NODES
from tests.support.provider import (
    CALLBACK,
    ISSUER,
    SECRET,
    a_client,
    asked,
    basic,
    query,
    token_request,
    where,
)

pytestmark = pytest.mark.at(*AND_TWO_NODES)

WELL_KNOWN = "/.well-known/openid-configuration"


async def push(application, **changes: str | None):
    return await application.http.post(
        "/oauth/par", data=asked(**{"client_secret": SECRET, **changes})
    )


async def pushed(application, **changes: str | None) -> str:
    response = await push(application, **changes)
    assert response.status_code == 201, response.text
    return str(response.json()["request_uri"])


async def bring(browser, request_uri: str, client_id: str = "acme-web", **more: str):
    return await browser.http.get(
        "/authorize", params={"client_id": client_id, "request_uri": request_uri, **more}
    )


async def test_o17_a_pushed_request_gets_a_name_for_a_minute(application):
    response = await push(application)

    reply = response.json()
    assert response.status_code == 201
    assert reply.keys() == {"request_uri", "expires_in"}
    assert 60 <= reply["expires_in"] <= 90
    prefix, _, name = reply["request_uri"].rpartition(":")
    assert prefix == "urn:ietf:params:oauth:request_uri"
    assert len(name) == 43
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers


async def test_o17_a_browser_brings_the_name_and_all_else_comes_from_the_push(browser, application):
    await browser.sign_in()
    uri = await pushed(application, state="pushed", nonce="n")

    response = await bring(browser, uri, state="other", scope="openid phone", prompt="login")

    assert where(response) == CALLBACK
    answer = query(response)
    assert (answer["state"], answer["iss"]) == ("pushed", ISSUER)
    tokens = await application.http.post("/oauth/token", data=token_request(code=answer["code"]))
    assert tokens.json()["scope"] == "openid profile email phone"


async def test_o17_a_stranger_signs_in_for_a_pushed_request(browser, application, provider):
    waiting = where(await bring(browser, await pushed(application, state="pushed")))
    assert waiting.startswith("/sign-in/auth_")
    provider.clock.advance(20)
    await browser.sign_in()

    response = await browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))

    assert query(response)["state"] == "pushed"


async def test_o17_the_form_of_an_application_may_bring_the_name(browser, application):
    await browser.sign_in()
    uri = await pushed(application)

    response = await browser.http.post(
        "/authorize", data={"client_id": "acme-web", "request_uri": uri}
    )

    assert where(response) == "/authorize"
    assert query(await browser.http.get(response.headers["location"]))["code"]


async def assert_no_such_request(response) -> None:
    assert response.status_code == 400
    assert "location" not in response.headers
    assert response.text.startswith("error: The application's request is not valid.")


async def test_a_15_a_pushed_request_works_once(browser, application):
    await browser.sign_in()
    uri = await pushed(application)
    assert query(await bring(browser, uri))["code"]

    await assert_no_such_request(await bring(browser, uri))


async def test_a_15_of_64_browsers_at_once_one_is_answered(browser, application):
    await browser.sign_in()
    uri = await pushed(application)

    answers = await asyncio.gather(*(bring(browser, uri) for _ in range(64)))

    assert sorted(answer.status_code for answer in answers) == [303] + [400] * 63


async def test_a_15_another_clients_pushed_request_is_not_there(browser, application):
    await browser.sign_in()
    uri = await pushed(application)

    await assert_no_such_request(await bring(browser, uri, "mallory-web"))
    assert query(await bring(browser, uri))["code"], "and its owner still has it"


async def test_a_15_a_pushed_request_expires(browser, application, provider):
    uri = await pushed(application)
    provider.clock.advance(60)

    await assert_no_such_request(await bring(browser, uri))


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.test",
        "http://127.0.0.1:1/object.jwt",
        "urn:ietf:params:oauth:request_uri:" + "x" * 43,
        "urn:ietf:params:oauth:request_uri:",
        "urn:ietf:params:oauth:request_uri:' or 1=1",
        "x",
    ],
)
async def test_a_15_an_invented_name_is_not_there_and_nothing_is_fetched(browser, provider, uri):
    await browser.sign_in()

    await assert_no_such_request(await bring(browser, uri))

    seen = provider.pages.seen
    assert (seen["developer"].parameter, seen["developer"].came) == ("request_uri", uri)
    assert seen["client"].client_id == "acme-web"


async def test_a_15_an_application_that_says_where_is_told_there(browser):
    response = await bring(browser, "https://evil.test", redirect_uri=CALLBACK, state="s")

    answer = query(response)
    assert where(response) == CALLBACK
    assert (answer["error"], answer["state"]) == ("invalid_request_uri", "s")
    assert answer["iss"] == ISSUER
    elsewhere = await bring(browser, "https://evil.test", redirect_uri="https://evil.test/cb")
    await assert_no_such_request(elsewhere)


async def test_o17_what_authorize_would_refuse_is_refused_at_once(application, provider):
    provider.clients["acme-web"] = a_client(connections=("email",))
    wrong: list[tuple[dict[str, str | None], str]] = [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "x"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"connection": "sms"}, "invalid_request"),
        ({"audience": "https://nobody.test"}, "access_denied"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.test/cb"}, "invalid_request"),
        ({"redirect_uri": f"{CALLBACK}/"}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:" + "x" * 43}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"id_token_hint": "x"}, "invalid_request"),
    ]
    for changes, error in wrong:
        response = await push(application, **changes)
        assert (response.status_code, response.json()["error"]) == (400, error), changes
        assert response.headers["content-type"] == "application/json"
        assert response.json()["error_description"]


async def test_o17_only_the_client_itself_pushes(application):
    for response in (
        await push(application, client_secret="w" * 32),
        await push(application, client_secret=None),
        await push(application, client_id="nobody"),
        await push(application, client_id=None, client_secret=None),
    ):
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_o17_the_client_authenticates_as_at_the_token_endpoint(browser, application):
    await browser.sign_in()
    for data, headers in (
        (asked(client_id=None), basic("acme-web", SECRET)),
        (asked(), basic("acme-web", SECRET)),
    ):
        response = await application.http.post("/oauth/par", data=data, headers=headers)
        assert query(await bring(browser, response.json()["request_uri"]))["code"]
    public = await pushed(application, client_id="acme-spa", client_secret=None)
    assert query(await bring(browser, public, "acme-spa"))["code"]


async def test_a_11_a_repeated_parameter_is_refused(application):
    fields = {**asked(client_secret=SECRET), "scope": ["openid", "openid email"]}

    response = await application.http.post("/oauth/par", data=fields)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_only_forms_are_pushed(application):
    as_json = await application.http.post("/oauth/par", json=asked(client_secret=SECRET))

    assert as_json.status_code == 415
    assert (await application.http.get("/oauth/par")).status_code == 405


async def test_a_secret_of_the_browsers_is_not_pushed_and_not_kept(application):
    response = await push(application, login_ticket="t" * 43)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert "login_ticket" in response.json()["error_description"]


async def test_a_client_that_has_to_push_does_nothing_else(browser, application, provider):
    provider.clients["acme-web"] = a_client(require_pushed_authorization_requests=True)
    await browser.sign_in()

    plain = query(await browser.authorize())
    uri = await pushed(application)

    assert plain["error"] == "invalid_request"
    assert query(await bring(browser, uri))["code"]


async def test_a_callback_taken_off_meanwhile_is_not_followed(browser, application, provider):
    uri = await pushed(application)
    provider.clients["acme-web"] = a_client(callbacks=("https://app.test/new",))

    await assert_no_such_request(await bring(browser, uri))


async def test_a_pushed_request_leaves_nothing_behind(application, provider):
    await pushed(application)
    purge = PurgeExpired(provider.database, provider.clock)
    assert await purge() == 0
    provider.clock.advance(61)

    assert await purge() == 1


async def test_what_was_pushed_before_commits_were_lost_is_not_there(
    browser, application, provider
):
    uri = await pushed(application)
    end = EndWhatWasLive(provider.clock)
    await provider.database.transact(lambda tx: end(tx, Reason.FAILED_OVER))

    await assert_no_such_request(await bring(browser, uri))


async def test_discovery_says_where_to_push(application):
    document = (await application.http.get(WELL_KNOWN)).json()

    assert document["pushed_authorization_request_endpoint"] == f"{ISSUER}oauth/par"
    assert document["require_pushed_authorization_requests"] is False
