"""A: what Mallory sends to ``/authorize`` and its neighbors, on a whole installation."""

import asyncio
import re
from collections.abc import AsyncIterator
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.support.dump import dump
from tests.support.house import (
    CALLBACK,
    ORIGIN,
    SECRET,
    Browser,
    House,
    Page,
    a_client_settings,
    a_public_client,
)
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused, assert_refused_page

ISSUER = f"{ORIGIN}/"
REGISTERED = "https://app.test/cb"
MODES = ("query", "fragment", "form_post", "web_message")
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[House]:
    clients = (
        a_client_settings(callbacks=(REGISTERED, CALLBACK), web_origins=("https://app.test",)),
        a_public_client(callbacks=(REGISTERED,)),
        a_client_settings(client_id="mallory-web", callbacks=("https://mallory.test/cb",)),
    )
    async with a_quick_house(tmp_path, clients=clients) as found:
        yield found


def asked(**changes: Any) -> dict[str, Any]:
    values = {
        "client_id": "acme-web",
        "redirect_uri": REGISTERED,
        "response_type": "code",
        "scope": "openid",
        "state": "a state",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


async def ask(house: House, **changes: Any) -> httpx2.Response:
    async with house.http() as http:
        return await http.get("/authorize", params=asked(**changes))


async def signed_in(house: House) -> Browser:
    browser = house.browser()
    page = await browser.ask()
    house.clock.advance(1)
    await browser.post(page, code=await house.code())
    return browser


def told(response: httpx2.Response) -> dict[str, str]:
    """What a redirect carries, in its query or behind the ``#``."""
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == REGISTERED
    return dict(parse_qsl(parts.query or parts.fragment))


def assert_no_redirect(response: httpx2.Response, log: Any = ()) -> None:
    assert_refused_page(Page(response), 400, log)
    assert "location" not in response.headers


SIMILAR = [
    "https://app.test/cb/",
    "https://app.test/CB",
    "https://app.test/cb?x=1",
    "https://app.test/cb#f",
    "https://app.test:443/cb",
    "https://app.test/cb%2f..%2fevil",
    "https://app.test/cb/../evil",
    "https://app.test/cb/..;/evil",
    "https://app.test/cb%252f",
    "https://app.test/c%62",
    "HTTPS://APP.TEST/cb",
    "https://app.test/cb ",
]


async def test_a_01_only_the_registered_address_itself_is_followed(house, log):
    for uri, mode in product(SIMILAR, MODES):
        assert_no_redirect(await ask(house, redirect_uri=uri, response_mode=mode), log)


ELSEWHERE = [
    "https://app.test.evil.test/cb",
    "https://appXtest/cb",
    "https://app.test@evil.test/cb",
    "https://evil.test\\@app.test/cb",
    "https://evil.test/https://app.test/cb",
    "https://app.test%2eevil.test/cb",
    "//app.test/cb",
]


async def test_a_02_no_other_host_is_followed(house, log):
    for uri, mode in product(ELSEWHERE, MODES):
        assert_no_redirect(await ask(house, redirect_uri=uri, response_mode=mode), log)


ACTIVE = [
    "javascript:alert(1)",
    "JaVaScRiPt://app.test/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://app.test/x",
    "https://app.test/cb\0",
    "https://app.test/cb\r\nX: y",
]


async def test_a_06_nothing_active_is_followed(house):
    for uri in ACTIVE:
        for mode in MODES:
            response = await ask(house, redirect_uri=uri, response_mode=mode)
            assert_no_redirect(response)
            assert "<form" not in response.text
        async with house.http() as http:
            pushed = await http.post(
                "/oauth/par", data=asked(client_secret=SECRET, redirect_uri=uri)
            )
        assert_refused(pushed, 400, "invalid_request")


NOBODY = ["nobody", "acme-web ", "ACME-WEB", "' or 1=1 --", "", None]


async def test_a_10_an_unknown_client_gets_a_page(house, log):
    for client_id in NOBODY:
        assert_no_redirect(await ask(house, client_id=client_id), log)


TWICE = ("redirect_uri", "client_id", "state", "scope", "response_type", "claims", "nonce")


async def test_a_11_what_comes_twice_is_refused_in_query_and_body(house):
    once = asked(claims="{}", nonce="n")
    async with house.http() as http:
        for name in TWICE:
            value = once[name]
            fields = {**once, name: [value, value]}
            for response in (
                await http.get("/authorize", params=[*once.items(), (name, value)]),
                await http.post("/authorize", params={name: value}, data=once),
                await http.post("/authorize", data=fields),
            ):
                assert_no_redirect(response)
            pushed = await http.post("/oauth/par", data={**fields, "client_secret": SECRET})
            assert_refused(pushed, 400, "invalid_request")


NOT_HERE: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "password"}, "unsupported_response_type"),
    ({"response_mode": "x"}, "invalid_request"),
    ({"response_mode": "query.jwt"}, "invalid_request"),
]


async def test_a_12_what_does_not_exist_here_is_told_to_the_application(house):
    for changes, error in NOT_HERE:
        answer = told(await ask(house, **changes))

        assert (answer["error"], answer["state"], answer["iss"]) == (error, "a state", ISSUER)


UNSOUND: list[dict[str, str]] = [
    {},
    {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
    {"code_challenge": CHALLENGE, "code_challenge_method": "s256"},
    {"code_challenge": CHALLENGE},
    {"code_challenge": CHALLENGE[:10], "code_challenge_method": "S256"},
    {"code_challenge": "a" * 200, "code_challenge_method": "S256"},
    {"code_challenge": CHALLENGE[:42] + "=", "code_challenge_method": "S256"},
    {"code_challenge": CHALLENGE[:42] + "/", "code_challenge_method": "S256"},
    {"code_challenge_method": "S256"},
]


async def test_a_14_a_public_client_needs_a_sound_challenge(house):
    for changes in UNSOUND:
        answer = told(await ask(house, client_id="acme-spa", **changes))

        assert (answer["error"], answer["iss"]) == ("invalid_request", ISSUER)


async def pushed(house: House) -> str:
    async with house.http() as http:
        response = await http.post("/oauth/par", data=asked(client_secret=SECRET))
    assert response.status_code == 201, response.text
    return str(response.json()["request_uri"])


async def bring(browser: Browser, uri: str, client_id: str = "acme-web") -> httpx2.Response:
    return await browser.http.get("/authorize", params={"client_id": client_id, "request_uri": uri})


async def test_a_15_a_pushed_request_is_good_for_one_client_once_and_for_a_minute(house):
    browser = await signed_in(house)
    uri, late = await pushed(house), await pushed(house)

    assert_no_redirect(await bring(browser, uri, "mallory-web"))
    answers = await asyncio.gather(*(bring(browser, uri) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [303, *[400] * 7]
    house.clock.advance(60)
    assert_no_redirect(await bring(browser, late))
    assert uri.rpartition(":")[2] not in dump(house)


@pytest.mark.parametrize(
    "uri", ["https://evil.test", "http://127.0.0.1:9/x", "urn:ietf:params:oauth:request_uri:x"]
)
async def test_a_15_nothing_is_fetched_from_anywhere(house, monkeypatch, uri):
    def refuse(*_args: object, **_options: object) -> None:
        pytest.fail("somebody reached out")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("asyncio.BaseEventLoop.create_connection", refuse)

    assert_no_redirect(await ask(house, request_uri=uri, redirect_uri=None))
    assert told(await ask(house, request_uri=uri))["error"] == "invalid_request_uri"


NOT_SILENTLY = [
    ({"prompt": "none"}, "login_required"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "x"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "abc"}, "invalid_request"),
    ({"id_token_hint": "e30.e30."}, "invalid_request"),
]


async def test_a_16_what_cannot_be_asked_silently_is_told(house):
    for changes, error in NOT_SILENTLY:
        answer = told(await ask(house, **changes))

        assert (answer["error"], answer["state"], answer["iss"]) == (error, "a state", ISSUER)


async def test_a_16_o19_max_age_zero_wants_a_fresh_sign_in(house):
    browser = await signed_in(house)

    page = await browser.authorize(max_age="0")
    silent = await browser.authorize(max_age="0", prompt="none")

    assert page.heading == "Sign in to Acme"
    assert silent.query["error"] == "login_required"


FRAMED = re.compile(r"frame-ancestors ([^;]*)")


async def test_a_19_no_page_of_a_sign_in_may_be_framed(house):
    browser = house.browser()
    page = await browser.authorize()
    seen = [
        page,
        await browser.post(page, email="alice@example.com"),
        await browser.get("/help"),
        await browser.get("/nowhere"),
        Page(await ask(house, client_id="nobody", response_mode="web_message")),
        Page(await ask(house, response_mode="form_post", prompt="none")),
    ]
    for one in seen:
        policy = FRAMED.search(one.response.headers["content-security-policy"])
        assert policy is not None
        assert policy[1] == "'none'", one.url
        assert one.response.headers["x-frame-options"] == "DENY"


async def test_a_19_the_silent_answer_may_be_framed_by_the_application_alone(house):
    response = await ask(house, response_mode="web_message", prompt="none")

    policy = FRAMED.search(response.headers["content-security-policy"])
    assert policy is not None
    assert policy[1] == "https://app.test"
    assert "<form" not in response.text
    assert "<a " not in response.text


async def test_o9_authorize_and_its_pages_are_read_by_no_other_origin(house):
    async with house.http(Origin="https://app.test") as http:
        for mode in MODES:
            response = await http.get("/authorize", params=asked(response_mode=mode, prompt="none"))
            assert not [name for name in response.headers if name.startswith("access-control")]


async def test_o10_every_answer_says_whose_it_is(house):
    browser = await signed_in(house)
    answers = [
        await browser.authorize(redirect_uri=REGISTERED),
        await browser.authorize(redirect_uri=REGISTERED, prompt="none login"),
        await browser.authorize(redirect_uri=REGISTERED, request="x"),
    ]
    for page in answers:
        assert page.query["iss"] == ISSUER
    async with house.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert document["issuer"] == ISSUER
    assert document["authorization_response_iss_parameter_supported"] is True


async def test_o14_unknown_parameters_change_nothing(house):
    browser = await signed_in(house)

    page = await browser.authorize(
        redirect_uri=REGISTERED, screen_hint="signup", organization="org_1", auth0Client="e30=",
        display="popup", unknown="x",
    )  # fmt: skip

    assert page.query["code"]


async def test_the_form_that_goes_back_shows_a_button_and_no_value_ends_it_early(house):
    state = '"><script>alert(1)</script>'
    response = await ask(house, response_mode="form_post", prompt="none", state=state)

    page = Page(response)
    assert page.forms == [REGISTERED]
    assert "Continue" in page.text
    assert state not in response.text
    policy = response.headers["content-security-policy"]
    nonces = re.findall(r'<script[^>]* nonce="([^"]*)"', response.text)
    assert nonces
    assert all(f"'nonce-{nonce}'" in policy for nonce in nonces)
    assert "unsafe" not in policy
    assert response.headers["cache-control"] == "no-store"
