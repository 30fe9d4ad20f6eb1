"""What attackers meet at the endpoints that Auth0's browser SDKs use."""

import asyncio
from html import unescape
from typing import Any

import httpx2
import pytest

from latchstring.base.settings import Auth0Settings
from latchstring.flows.manage_users import ManageUsers
from tests.support.dump import dump, rows
from tests.support.house import CALLBACK, ORIGIN, SECRET, House, Page, a_public_client
from tests.support.quick_house import a_quick_house
from tests.support.refusals import Answer, assert_refused, assert_refused_page, bare

PAGE = "http://127.0.0.1:9100"
KNOWN, UNKNOWN, BLOCKED = PEOPLE = ["alice@example.com", "buddy@example.com", "carol@example.com"]
OTP = "http://auth0.com/oauth/grant-type/passwordless/otp"
TOO_MANY = "You've reached the maximum number of attempts. Please try to login again."
SPA: dict[str, Any] = {"client_id": "acme-spa", "client_secret": None}


@pytest.fixture
async def house(tmp_path):
    spa = a_public_client(
        response_types=("code", "token"), cross_origin_loc=f"{PAGE}/co", web_origins=(PAGE,)
    )
    auth0 = Auth0Settings(legacy_oauth_ro=True)
    async with a_quick_house(tmp_path, clients=(spa,), auth0=auth0) as found:
        yield found


async def a_code(house: House, person: str = KNOWN) -> str:
    assert (await house.start(person, **SPA)).status_code == 200
    return await house.code(person)


async def post(house: House, path: str, body: dict[str, Any], **headers: str) -> httpx2.Response:
    async with house.http(**{"Origin": PAGE, **headers}) as http:
        return await http.post(path, json=body)


async def verify(house: House, code: str, person: str = KNOWN) -> httpx2.Response:
    body = {"connection": "email", "email": person, "verification_code": code}
    return await post(house, "/passwordless/verify", {"client_id": "acme-spa", **body})


async def cross_origin(house: House, code: str, person: str = KNOWN) -> httpx2.Response:
    body = {"username": person, "otp": code, "realm": "email", "credential_type": OTP}
    return await post(house, "/co/authenticate", {"client_id": "acme-spa", **body})


async def legacy(house: House, code: str, person: str = KNOWN) -> httpx2.Response:
    body = {"connection": "email", "username": person, "password": code, "scope": "openid"}
    return await post(house, "/oauth/ro", {"client_id": "acme-spa", **body})


async def grant(house: House, code: str, person: str = KNOWN) -> httpx2.Response:
    return await house.exchange(code, person, **SPA)


def address(code: str, person: str = KNOWN) -> dict[str, str]:
    return {
        "client_id": "acme-spa",
        "response_type": "token",
        "redirect_uri": CALLBACK,
        "connection": "email",
        "email": person,
        "verification_code": code,
        "state": "s",
    }


async def redirect(house: House, code: str, person: str = KNOWN) -> httpx2.Response:
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    async with house.http() as http:
        page = Page(await http.get("/passwordless/verify_redirect", params=address(code, person)))
        form = {"csrf": page.csrf}
        return await http.post(unescape(page.forms[0]), data=form, headers=headers)


ROUTES = {
    "verify": verify,
    "cross_origin": cross_origin,
    "legacy": legacy,
    "grant": grant,
    "redirect": redirect,
}
every_route = pytest.mark.parametrize("route", ROUTES)


def says(answer: httpx2.Response) -> str:
    """Return what a refusal says, in a body or on its way back to the application."""
    if answer.status_code == 303:
        found = httpx2.URL(answer.headers["location"])
        return httpx2.QueryParams(found.fragment)["error_description"]
    return str(answer.json()["error_description"])


@every_route
async def test_v_06_the_limit_reached_on_one_route_holds_on_every_other(house, route):
    code = await a_code(house)
    for _ in range(3):
        await ROUTES[route](house, "00000")
    for other in ROUTES.values():
        assert says(await other(house, code)) == TOO_MANY
    assert rows(house, "select count(*) from sessions") == [(0,)]
    assert rows(house, "select count(*) from login_tickets") == [(0,)]
    assert rows(house, "select count(*) from access_tokens") == [(0,)]


async def test_v_04_of_64_parallel_right_answers_at_co_authenticate_one_gets_a_ticket(house):
    code = await a_code(house)
    answers = await asyncio.gather(*(cross_origin(house, code) for _ in range(64)))
    assert sorted(answer.status_code for answer in answers) == [200, *[403] * 63]
    assert rows(house, "select count(*) from wrong_answers") == [(0,)]


async def test_v_04_a_code_that_races_on_every_route_wins_on_one(house):
    code = await a_code(house)
    racing = [ROUTES[name] for name in ("cross_origin", "legacy", "grant", "redirect")] * 8
    answers = await asyncio.gather(*(route(house, code) for route in racing))
    won = [
        answer
        for answer in answers
        if answer.status_code == 200 or "/authorize?" in answer.headers.get("location", "")
    ]
    assert len(won) == 1


async def test_t_18_of_64_parallel_uses_of_a_ticket_one_signs_in(house):
    framed = {"response_mode": "web_message", "prompt": "none"}
    async with house.http(Origin=PAGE) as http:
        body = {"username": KNOWN, "otp": await a_code(house), "realm": "email"}
        given = {"client_id": "acme-spa", "credential_type": OTP, **body}
        answer = await http.post("/co/authenticate", json=given)
        params = {**address(""), **framed, "login_ticket": answer.json()["login_ticket"]}
        answers = await asyncio.gather(*(http.get("/authorize", params=params) for _ in range(64)))
    won = ["access_token" in answer.text for answer in answers]
    assert sum(won) == 1
    assert rows(house, "select count(*) from sessions") == [(1,)]


@every_route
async def test_v_10_a_code_of_another_client_fits_nowhere(tmp_path, route):
    async with a_quick_house(tmp_path, auth0=Auth0Settings(legacy_oauth_ro=True)) as house:
        await house.start()
        code = await house.code()
        answer = await ROUTES[route](house, code)
        assert says(answer) == "Wrong email or verification code."


FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_c_05_a_press_from_another_site_is_refused(house, log, headers):
    code = await a_code(house)
    async with house.http() as http:
        page = Page(await http.get("/passwordless/verify_redirect", params=address(code)))
        action = unescape(page.forms[0])
        answer = await http.post(action, data={"csrf": page.csrf}, headers=headers)
    assert_refused_page(Page(answer), 403, log)
    assert (await grant(house, code)).status_code == 200


@pytest.mark.parametrize("token", ["", "1.x", "another address's"])
async def test_c_05_a_press_without_the_form_s_token_is_refused(house, log, token):
    code = await a_code(house)
    async with house.http() as http:
        if token.startswith("another"):
            params = address(code, "mallory@example.com")
            token = Page(await http.get("/passwordless/verify_redirect", params=params)).csrf
        page = Page(await http.get("/passwordless/verify_redirect", params=address(code)))
        answer = await http.post(unescape(page.forms[0]), data={"csrf": token})
    assert_refused_page(Page(answer), 403, log)
    assert (await grant(house, code)).status_code == 200


@pytest.mark.parametrize("path", ["/passwordless/verify", "/co/authenticate", "/oauth/ro"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_c_05_another_site_s_form_is_no_call(house, path, content_type):
    headers = {"Origin": PAGE, "Content-Type": content_type}
    async with house.http(**headers) as http:
        answer = await http.post(path, content='{"client_id": "acme-spa"}')
    assert_refused(answer, 415, "bad.request")


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.test", PAGE + "/", "http://127.0.0.1", ORIGIN]
)
async def test_c_05_a_page_of_another_origin_gets_no_ticket(house, origin):
    code = await a_code(house)
    body = {"username": KNOWN, "otp": code, "realm": "email", "credential_type": OTP}
    answer = await post(house, "/co/authenticate", {"client_id": "acme-spa", **body}, Origin=origin)
    assert_refused(answer, 403, "unauthorized_client")
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert (await grant(house, code)).status_code == 200


async def test_c_05_a_page_of_one_client_s_origin_gets_no_ticket_of_another(tmp_path):
    other = a_public_client(
        client_id="other", web_origins=("https://other.example",), callbacks=("https://o.example/",)
    )
    async with a_quick_house(tmp_path, clients=(a_public_client(), other)) as house:
        body = {"username": KNOWN, "otp": "000000", "realm": "email", "credential_type": OTP}
        answer = await post(house, "/co/authenticate", {"client_id": "other", **body})
        assert_refused(answer, 403, "unauthorized_client")


async def test_c_10_mallory_s_ticket_does_not_sign_alice_s_browser_in(house):
    found = (
        await cross_origin(house, await a_code(house, "mallory@example.com"), "mallory@example.com")
    ).json()
    params = {**address(""), "login_ticket": found["login_ticket"]}
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    async with house.http() as alice:
        await alice.post(
            "/co/authenticate",
            json={
                "client_id": "acme-spa",
                "username": KNOWN,
                "otp": await a_code(house),
                "realm": "email",
                "credential_type": OTP,
            },
            headers={"Origin": PAGE},
        )
        page = Page(await alice.get("/authorize", params=params))
        form = {"csrf": page.csrf, "verifier": "what Alice's browser has, if anything"}
        answer = await alice.post(unescape(page.forms[0]), data=form, headers=headers)
    assert says(answer) == "Unknown or invalid login ticket."
    assert rows(house, "select count(*) from sessions") == [(0,)]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_c_05_a_verifier_from_another_site_s_form_is_refused(house, log, headers):
    found = (await cross_origin(house, await a_code(house))).json()
    params = {**address(""), "login_ticket": found["login_ticket"]}
    async with house.http() as http:
        page = Page(await http.get("/authorize", params=params))
        form = {"csrf": page.csrf, "verifier": found["co_verifier"]}
        answer = await http.post(unescape(page.forms[0]), data=form, headers=headers)
    assert_refused_page(Page(answer), 403, log)
    assert rows(house, "select count(*) from sessions") == [(0,)]


CALLED = [
    "/passwordless/verify",
    "/co/authenticate",
    "/oauth/ro",
    "/passwordless/challenge",
    "/usernamepassword/challenge",
    "/user/geoloc/country",
]
NOT_CALLED = ["/authorize", "/passwordless/verify_redirect", "/co/continue", "/client/acme-spa.js"]


@pytest.mark.parametrize("path", CALLED)
@pytest.mark.parametrize("origin", ["null", "https://app.test.evil.test", "http://127.0.0.1:9101"])
async def test_c_13_no_origin_but_a_registered_one_may_read_answers(house, path, origin):
    async with house.http(Origin=origin) as http:
        for method in ("OPTIONS", "POST", "GET"):
            answer = await http.request(method, path)
            assert "access-control-allow-origin" not in answer.headers
            assert "access-control-allow-credentials" not in answer.headers
            assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("path", CALLED)
async def test_c_13_cookies_travel_to_co_authenticate_and_nowhere_else(house, path):
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "auth0-client,content-type",
    }
    async with house.http(Origin=PAGE) as http:
        for answer in (await http.options(path, headers=preflight), await http.post(path, json={})):
            assert answer.headers["access-control-allow-origin"] == PAGE
            allowed = answer.headers.get("access-control-allow-credentials")
            assert allowed == ("true" if path == "/co/authenticate" else None)


@pytest.mark.parametrize("path", NOT_CALLED)
async def test_c_13_what_browsers_visit_is_read_by_no_script(house, path):
    async with house.http(Origin=PAGE) as http:
        for method in ("OPTIONS", "GET", "POST"):
            answer = await http.request(method, path)
            assert not [name for name in answer.headers if name.startswith("access-control-")]


async def settle(house: House) -> None:
    """Let Alice and Carol have accounts, and shut Carol out."""
    for person in (KNOWN, BLOCKED):
        assert (await grant(house, await a_code(house, person), person)).status_code == 200
    await ManageUsers(house.installation.database, house.clock).block(BLOCKED)
    house.inbox.clear()


@pytest.mark.parametrize("sign_up", [True, False])
@every_route
async def test_e_02_every_route_refuses_the_known_the_unknown_and_the_blocked_alike(
    house, route, sign_up
):
    await settle(house)
    await house.change(sign_up=sign_up)
    told: list[list[Answer]] = []
    for person in PEOPLE:
        await house.start(person, **SPA)
        told.append([bare(await ROUTES[route](house, "000000", person), person) for _ in range(4)])
    assert told[0] == told[1] == told[2]


async def test_e_01_the_page_before_the_press_shows_them_alike(house):
    await settle(house)
    pages = []
    async with house.http() as http:
        for person in PEOPLE:
            params = address("123456", person)
            answer = await http.get("/passwordless/verify_redirect", params=params)
            own = (person.replace("@", "%40"), f"{person[0]}•••")
            pages.append(bare(answer, *own))
    assert pages[0] == pages[1] == pages[2]


async def test_m_01_opening_an_address_with_a_code_changes_nothing(house):
    code = await a_code(house)
    before = dump(house)
    async with house.http() as http:
        for method in ("GET", "HEAD", "OPTIONS", "GET"):
            for typed in (code, "000000"):
                await http.request(method, "/passwordless/verify_redirect", params=address(typed))
    assert dump(house) == before


@every_route
async def test_g_01_no_route_logs_a_code(house, log, route):
    code = await a_code(house)
    await ROUTES[route](house, code)
    assert code not in repr(log)


async def test_d_02_what_an_address_holds_is_text_on_the_page(house):
    hostile = {**address("123456"), "state": '"><script>alert(1)</script>'}
    async with house.http() as http:
        answer = await http.get("/passwordless/verify_redirect", params=hostile)
    assert "<script>alert" not in answer.text
    assert SECRET not in answer.text
