"""A page signs somebody in with ``/co/authenticate`` and ``/authorize``, as auth0.js does."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from latchstring.base.settings import Auth0Settings
from tests.support.dump import rows
from tests.support.house import CALLBACK, ORIGIN, House, Page, a_client_settings, a_public_client
from tests.support.places import AND_TWO_NODES
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused

pytestmark = pytest.mark.at(*AND_TWO_NODES)

PAGE = "http://127.0.0.1:9100"
LOC = f"{PAGE}/co-callback"
GRANT = "http://auth0.com/oauth/grant-type/passwordless/otp"
ALL_AND_ONLY = (
    "Invalid request body. All and only of client_id, credential_type, username, otp, realm "
    "are required."
)


@pytest.fixture
async def house(tmp_path):
    spa = a_public_client(response_types=("code", "token", "id_token token"), cross_origin_loc=LOC)
    async with a_quick_house(tmp_path, clients=(a_client_settings(), spa)) as found:
        yield found


async def ask(http: httpx2.AsyncClient, code: str, **changes: Any) -> httpx2.Response:
    body = {
        "client_id": "acme-spa",
        "username": "alice@example.com",
        "otp": code,
        "realm": "email",
        "credential_type": GRANT,
        **changes,
    }
    members = {name: value for name, value in body.items() if value != "leave out"}
    headers = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}
    return await http.post("/co/authenticate", json=members, headers=headers)


async def a_code(house: House) -> str:
    await house.start(client_id="acme-spa", client_secret=None)
    return await house.code()


async def a_ticket(house: House, http: httpx2.AsyncClient) -> dict[str, str]:
    answer = await ask(http, await a_code(house))
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def asked(ticket: str, **changes: str) -> dict[str, str]:
    return {
        "client_id": "acme-spa",
        "response_type": "token",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "realm": "email",
        "state": "a state",
        "nonce": "a nonce",
        "login_ticket": ticket,
        "auth0Client": "eyJ9",
        **changes,
    }


def fragment(response: httpx2.Response) -> dict[str, str]:
    where = urlsplit(response.headers["location"])
    assert where._replace(fragment="", query="").geturl() == CALLBACK
    found = parse_qs(where.fragment)
    return {name: values[0] for name, values in found.items()}


async def test_a_right_code_gives_a_ticket_and_a_cookie(house):
    async with house.http() as http:
        answer = await ask(http, await a_code(house))
        assert set(answer.json()) == {"login_ticket", "co_verifier", "co_id"}
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in answer.headers["vary"]
        assert "no-store" in answer.headers["cache-control"]
        cookie = answer.headers["set-cookie"]
        assert re.match(
            r"latchstring_co=[\w-]{43}; HttpOnly; Max-Age=900; Path=/; SameSite=lax", cookie
        )


async def test_over_https_the_cookie_goes_to_other_sites_pages_and_to_nobody_else(tmp_path):
    https = {"public_url": "https://auth.acme.example"}
    async with a_quick_house(tmp_path, **https) as house, house.http() as http:
        answer = await ask(http, await a_code(house))
        cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-latchstring_co=")
    assert {"HttpOnly", "SameSite=none", "Secure", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


async def test_the_ticket_and_the_cookie_lead_to_tokens(house):
    async with house.http() as http:
        found = await a_ticket(house, http)
        answer = await http.get("/authorize", params=asked(found["login_ticket"]))
        assert {"latchstring_session", "latchstring_known"} <= set(answer.cookies)
        told = fragment(answer)
        assert (told["state"], told["token_type"]) == ("a state", "Bearer")
        assert told["access_token"]
        again = await http.get("/authorize", params=asked("", prompt="none"))
        assert fragment(again)["access_token"]  # the browser is signed in from now on


async def test_whoever_typed_a_code_a_moment_ago_is_not_asked_again(house):
    async with house.http() as http:
        found = await a_ticket(house, http)
        answer = await http.get("/authorize", params=asked(found["login_ticket"], prompt="login"))
        assert fragment(answer)["access_token"]
        later = await http.get("/authorize", params=asked("", prompt="login"))
        assert later.headers["location"].startswith("/sign-in/")


async def test_a_ticket_signs_in_though_the_application_gets_nothing_yet(tmp_path):
    spa = a_public_client(response_types=("code", "token"), first_party=False)
    async with a_quick_house(tmp_path, clients=(spa,)) as house, house.http() as http:
        found = await a_ticket(house, http)
        answer = await http.get("/authorize", params=asked(found["login_ticket"], prompt="none"))
        assert fragment(answer)["error"] == "consent_required"
        page = await http.get("/authorize", params=asked(""))
    assert page.headers["location"].endswith("/consent")


async def test_in_a_frame_the_answer_is_a_message(house):
    framed = {"response_mode": "web_message", "prompt": "none"}
    async with house.http() as http:
        found = await a_ticket(house, http)
        answer = await http.get("/authorize", params=asked(found["login_ticket"], **framed))
        assert "authorization_response" in answer.text
        assert "access_token" in answer.text
        assert f"frame-ancestors {PAGE}" in answer.headers["content-security-policy"]


async def test_in_a_frame_without_the_cookie_a_sign_in_is_required(house):
    async with house.http() as http, house.http() as other:
        found = await a_ticket(house, http)
        framed = asked(found["login_ticket"], response_mode="web_message", prompt="none")
        assert "login_required" in (await other.get("/authorize", params=framed)).text
        assert "access_token" in (await http.get("/authorize", params=framed)).text


async def check(house: House, other: httpx2.AsyncClient, ticket: str) -> Page:
    answer = await other.get("/authorize", params=asked(ticket))
    assert answer.status_code == 200, answer.text
    return Page(answer)


async def go_on(http: httpx2.AsyncClient, page: Page, verifier: str) -> httpx2.Response:
    data = {"csrf": page.csrf, "verifier": verifier}
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    return await http.post(unescape(page.forms[0]), data=data, headers=headers)


async def test_without_the_cookie_the_application_s_page_is_asked_in_a_frame(house):
    async with house.http() as http, house.http() as other:
        found = await a_ticket(house, http)
        page = await check(house, other, found["login_ticket"])
        html = page.response.text
        assert f'data-page="{LOC}#origin=http%3A%2F%2F127.0.0.1%3A8321"' in html
        assert f'data-co-id="{found["co_id"]}"' in html
        policy = page.response.headers["content-security-policy"]
        assert f"frame-src {PAGE}" in policy
        assert "cross-origin-opener-policy" not in page.response.headers
        assert "frame-ancestors 'none'" in policy
        answer = await go_on(other, page, found["co_verifier"])
        assert answer.status_code == 303
        assert "login_ticket" not in answer.headers["location"]
        told = fragment(await other.get(answer.headers["location"]))
        assert told["access_token"]


@pytest.mark.parametrize(
    ("verifier", "error", "sentence"),
    [
        ("", "invalid_request", "No verifier returned from client."),
        ("made up", "access_denied", "Unknown or invalid login ticket."),
    ],
)
async def test_without_the_verifier_nobody_is_signed_in(house, verifier, error, sentence):
    async with house.http() as http, house.http() as other:
        found = await a_ticket(house, http)
        page = await check(house, other, found["login_ticket"])
        told = fragment(await go_on(other, page, verifier))
        assert (told["error"], told["error_description"]) == (error, sentence)
        assert told["state"] == "a state"
    assert rows(house, "select count(*) from sessions") == [(0,)]


async def test_without_a_page_to_ask_the_application_is_told(tmp_path):
    spa = a_public_client(response_types=("code", "token"))
    async with (
        a_quick_house(tmp_path, clients=(spa,)) as house,
        house.http() as http,
        house.http() as other,
    ):
        found = await a_ticket(house, http)
        told = fragment(await other.get("/authorize", params=asked(found["login_ticket"])))
    assert told["error"] == "server_error"
    assert told["error_description"] == "Unable to configure verification page."


async def test_a_used_ticket_leaves_who_is_signed_in_signed_in_and_asks_others(house):
    async with house.http() as http, house.http() as other:
        found = await a_ticket(house, http)
        for _ in range(2):
            answer = await http.get("/authorize", params=asked(found["login_ticket"]))
            assert fragment(answer)["access_token"]
        answer = await other.get("/authorize", params=asked(found["login_ticket"]))
        assert answer.headers["location"].startswith("/sign-in/")


async def test_a_ticket_is_over_after_two_minutes(house):
    async with house.http() as http:
        found = await a_ticket(house, http)
        house.clock.advance(120)
        answer = await http.get("/authorize", params=asked(found["login_ticket"]))
        assert answer.headers["location"].startswith("/sign-in/")


async def test_two_tabs_of_one_browser_do_not_take_each_other_s_tickets(house):
    async with house.http() as http:
        first, second = await a_ticket(house, http), await a_ticket(house, http)
        for found in (first, second):
            answer = await http.get("/authorize", params=asked(found["login_ticket"]))
            assert fragment(answer)["access_token"]


async def test_a_wrong_code_is_denied(house):
    async with house.http() as http:
        await a_code(house)
        answer = await ask(http, "000000")
        assert_refused(answer, 403, "access_denied")
        assert answer.json()["error_description"] == "Wrong email or verification code."
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "leave out"},
        {"otp": "leave out"},
        {"realm": "leave out"},
        {"password": "x"},
        {"scope": "openid"},
    ],
)
async def test_all_and_only_the_five_members_are_taken(house, changes):
    async with house.http() as http:
        answer = await ask(http, "000000", **changes)
    assert_refused(answer, 400, "invalid_request")
    assert answer.json()["error_description"] == ALL_AND_ONLY


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "nobody"}, {"realm": "twitter"}, {"credential_type": "password"}, {"otp": ""}],
)
async def test_what_does_not_exist_is_refused(house, changes):
    async with house.http() as http:
        assert_refused(await ask(http, "000000", **changes), 400, "invalid_request")


async def test_a_call_from_nowhere_is_refused(house):
    async with house.http() as http:
        answer = await http.post("/co/authenticate", json={})
    assert_refused(answer, 400, "invalid_request")
    assert answer.json()["error_description"] == "Origin header required"


async def test_a_client_may_have_it_off(tmp_path):
    spa = a_public_client(cross_origin_authentication=False)
    async with a_quick_house(tmp_path, clients=(spa,)) as house, house.http() as http:
        assert_refused(await ask(http, await a_code(house)), 403, "unauthorized_client")


async def test_a_blocked_person_is_told_so_only_where_that_is_switched_on(tmp_path):
    from latchstring.flows.manage_users import ManageUsers  # noqa: PLC0415 - for this one test

    for name, told in (("off", (403, "access_denied")), ("on", (401, "unauthorized"))):
        auth0 = Auth0Settings(tell_blocked=name == "on")
        async with a_quick_house(tmp_path / name, auth0=auth0) as house, house.http() as http:
            await a_ticket(house, http)
            administrator = ManageUsers(house.installation.database, house.clock)
            await administrator.block("alice@example.com")
            assert_refused(await ask(http, "000000"), *told)
