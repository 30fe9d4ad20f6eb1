"""``/passwordless/verify_redirect``: an address with a code, and the press that it takes."""

from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from latchstring.base.settings import OtherBrowser
from tests.support.dump import rows
from tests.support.house import CALLBACK, ORIGIN, House, Page, a_client_settings, a_public_client
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused_page

WRONG = "Wrong email or verification code."
PKCE = {
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


@pytest.fixture
async def house(tmp_path):
    spa = a_public_client(response_types=("code", "token", "id_token token"))
    async with a_quick_house(tmp_path, clients=(a_client_settings(), spa)) as found:
        yield found


async def a_code(house: House) -> str:
    await house.start(client_id="acme-spa", client_secret=None)
    return await house.code()


def asked(code: str, **changes: str | None) -> dict[str, str]:
    """Return what auth0.js puts into the address."""
    values = {
        "client_id": "acme-spa",
        "response_type": "token id_token",
        "redirect_uri": CALLBACK,
        "scope": "openid email",
        "connection": "email",
        "email": "alice@example.com",
        "verification_code": code,
        "state": "a state",
        "nonce": "a nonce",
        "protocol": "oauth2",
        "_intstate": "deprecated",
        "auth0Client": "eyJ9",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


async def opened(http: httpx2.AsyncClient, code: str, **changes: str | None) -> httpx2.Response:
    return await http.get("/passwordless/verify_redirect", params=asked(code, **changes))


async def press(http: httpx2.AsyncClient, page: httpx2.Response) -> httpx2.Response:
    """Press the page's button, and follow where that leads on this server."""
    found = Page(page)
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    answer = await http.post(unescape(found.forms[0]), data={"csrf": found.csrf}, headers=headers)
    while answer.is_redirect and answer.headers["location"].startswith("/"):
        answer = await http.get(answer.headers["location"])
    return answer


def told(answer: httpx2.Response, where: str = "fragment") -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    assert parts._replace(fragment="", query="").geturl() == CALLBACK
    found = {"fragment": parts.fragment, "query": parts.query}
    assert not found["query" if where == "fragment" else "fragment"]
    return {name: values[0] for name, values in parse_qs(found[where]).items()}


async def test_opening_asks_who_is_about_to_sign_in_to_what(house):
    async with house.http() as http:
        answer = await opened(http, await a_code(house))
    page = Page(answer)
    assert answer.status_code == 200
    assert page.heading == "Sign in to Acme?"
    assert "a•••@example.com" in page.text
    assert "set-cookie" not in answer.headers


async def test_the_press_leads_to_tokens_in_the_fragment(house):
    async with house.http() as http:
        answer = told(await press(http, await opened(http, await a_code(house))))
        assert answer["state"] == "a state"
        assert {"access_token", "id_token", "expires_in", "token_type"} <= set(answer)
        again = await http.get("/authorize", params=asked("", prompt="none"))
        assert told(again)["access_token"]  # the browser is signed in, as with a link


async def test_the_press_leads_to_a_code_in_the_query(house):
    async with house.http() as http:
        page = await opened(http, await a_code(house), response_type="code", **PKCE)
        assert told(await press(http, page), "query")["code"]


async def test_every_check_of_authorize_holds(house):
    async with house.http() as http:
        page = await opened(http, await a_code(house), response_type="code")
        answer = told(await press(http, page), "query")
    assert answer["error"] == "invalid_request"
    assert "code_challenge" in answer["error_description"]


async def test_a_second_press_finds_the_code_used(house):
    async with house.http() as http, house.http() as other:
        page = await opened(http, await a_code(house))
        assert told(await press(http, page))["access_token"]
        answer = told(await press(other, page))
    assert (answer["error"], answer["error_description"]) == ("unauthorized", WRONG)


async def test_a_wrong_code_counts_when_it_is_pressed_and_not_before(house):
    code = await a_code(house)
    async with house.http() as http:
        pages = [await opened(http, "000") for _ in range(4)]
        assert rows(house, "select max(attempts) from challenges") == [(0,)]
        answers = [told(await press(http, page)) for page in pages[:3]]
        answers.append(told(await press(http, await opened(http, code))))
    assert {answer["error"] for answer in answers} == {"unauthorized"}
    assert [answer["error_description"] == WRONG for answer in answers] == [
        True,
        True,
        False,
        False,
    ]
    assert "maximum number of attempts" in answers[3]["error_description"]
    assert {answer["state"] for answer in answers} == {"a state"}


async def test_a_code_that_expired_is_told_as_that(house):
    code = await a_code(house)
    house.clock.advance(601)
    async with house.http() as http:
        answer = told(await press(http, await opened(http, code)))
    assert "has expired" in answer["error_description"]


@pytest.mark.parametrize("name", ["connection", "email", "verification_code"])
async def test_what_is_missing_is_told_the_application(house, name):
    async with house.http() as http:
        answer = told(await opened(http, "123456", **{name: None}))
    assert answer["error"] == "invalid_request"
    assert name in answer["error_description"]


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": None},
        {"redirect_uri": CALLBACK + "/"},
        {"client_id": "nobody"},
        {"client_id": None},
    ],
)
async def test_an_address_that_is_not_registered_is_never_followed(house, changes):
    async with house.http() as http:
        answer = await opened(http, await a_code(house), **changes)
    assert_refused_page(Page(answer), 400)


@pytest.mark.parametrize("policy", [OtherBrowser.CODE, OtherBrowser.DENY])
async def test_it_does_no_more_than_a_link_may(house, policy):
    code = await a_code(house)
    await house.change(other_browser=policy)
    async with house.http() as http:
        answer = told(await opened(http, code))
    assert answer["error"] == "unauthorized"
    assert rows(house, "select count(*) from challenges where ended_at is null") == [(1,)]


async def test_whoever_is_signed_in_as_somebody_else_is_told_what_a_press_ends(house):
    async with house.http() as http:
        await press(http, await opened(http, await a_code(house)))
        await house.start("bob@example.com", client_id="acme-spa", client_secret=None)
        code = await house.code("bob@example.com")
        page = Page(await opened(http, code, email="bob@example.com"))
    assert "alice@example.com" in page.text
    assert "Going on ends that" in page.text


async def test_a_parameter_that_comes_twice_is_refused(house):
    async with house.http() as http:
        params = [*asked(await a_code(house)).items(), ("verification_code", "000000")]
        answer = await http.get("/passwordless/verify_redirect", params=params)
    assert_refused_page(Page(answer), 400)


async def test_what_authorize_could_not_read_spends_no_code(house):
    code = await a_code(house)
    async with house.http() as http:
        params = [*asked(code).items(), ("nonce", "another")]
        page = Page(await http.get("/passwordless/verify_redirect", params=params))
        if page.status == 200:
            headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
            form = {"csrf": page.csrf}
            page = Page(await http.post(unescape(page.forms[0]), data=form, headers=headers))
        assert_refused_page(page, 400)
        assert rows(house, "select count(*) from sessions") == [(0,)]
        answer = told(await press(http, await opened(http, code)))
    assert answer["access_token"]
