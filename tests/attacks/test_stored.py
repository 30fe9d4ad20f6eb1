"""D: what is stored, and shown again later, is text and nothing else."""

import json
import re
from html import escape
from typing import Any

import pytest

from latchstring.base.errors import AppError
from latchstring.domain.clients.client import Client
from latchstring.flows.manage_users import ManageUsers
from tests.support.dump import rows
from tests.support.house import CALLBACK, SECRET, House, a_client_settings
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_safe

ALICE = "alice@example.com"
SMS: dict[str, Any] = {"connection": "sms", "phone_number": "+447700900123", "email": None}
HOSTILE = [
    "'; drop table users; --",
    "' OR 1=1 --",
    '" OR ""="',
    "%",
    "_",
    "*",
    "a\u0000b",
    '{"$ne": null}',
    "$(touch /tmp/owned)",
    "../../etc/passwd",
    "\ufeff\u202e",
    "x" * 3000,
]
MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "${7*7}",
    "{% include '/etc/passwd' %}",
    "%(app)s %s %d",
    "=cmd|'/c calc'!A1",
]
MEMBERS = ["client_id", "client_secret", "connection", "email", "send", "authParams"]
GRANT = [
    "grant_type",
    "client_id",
    "client_secret",
    "realm",
    "username",
    "otp",
    "scope",
    "audience",
]


async def counted(house: House) -> list[Any]:
    """Return how many rows the tables hold that no refused request may touch."""
    tables = ("users", "identifiers", "clients", "connections", "sessions", "access_tokens")
    return [rows(house, f"select count(*) from {table}") for table in tables]  # noqa: S608 - ours


async def grant(house: House, **changes: str) -> Any:
    """Exchange a code with one of the parameters changed."""
    body = {
        "grant_type": "http://auth0.com/oauth/grant-type/passwordless/otp",
        "client_id": "acme-web",
        "client_secret": SECRET,
        "realm": "email",
        "username": ALICE,
        "otp": "000000",
    }
    async with house.http() as http:
        return await http.post("/oauth/token", json={**body, **changes})


async def settle(house: House) -> list[Any]:
    await house.start()
    assert (await house.exchange(await house.code())).status_code == 200
    return await counted(house)


@pytest.mark.parametrize("value", HOSTILE)
async def test_d_01_no_member_of_a_start_reaches_the_database_as_anything_but_a_value(house, value):
    before = await settle(house)
    for member in MEMBERS:
        answer = await house.start(**{member: value})
        assert answer.status_code in (400, 403), (member, answer.text)
        assert_safe(answer)
    for name in ("state", "scope", "nonce", "redirect_uri", "response_type"):
        answer = await house.start(send="link", authParams={name: value})
        assert answer.status_code in (200, 400)
    assert await counted(house) == before


@pytest.mark.parametrize("value", HOSTILE)
async def test_d_01_no_parameter_of_the_otp_grant_does_either(house, value):
    before = await settle(house)
    for name in GRANT:
        answer = await grant(house, **{name: value})
        assert answer.status_code in (400, 401, 403), (name, answer.text)
        assert_safe(answer)
    assert await counted(house) == before


@pytest.mark.parametrize("value", HOSTILE)
async def test_d_01_no_field_and_no_path_of_the_pages_does_either(house, value):
    before = await settle(house)
    browser = house.browser()
    page = await browser.authorize()
    for action, field in (("email", "email"), ("phone", "phone"), ("phone", "country")):
        answer = await browser.post(page, f"{page.url}/{action}", **{field: value})
        assert answer.status in (200, 400)
        assert_safe(answer.response)
    waiting = await browser.ask("bob@example.com")
    for field in ("code", "as_typed", "csrf"):
        answer = await browser.post(waiting, **{field: value})
        assert answer.status in (200, 400, 403)
    for path in ("/sign-in/", "/l/", "/authorize/resume/", "/static/"):
        answer = await browser.get(path + value.replace("\0", "%00").replace("#", ""))
        assert answer.status in (400, 404, 410), path
    assert await counted(house) == before


@pytest.mark.parametrize("name", MARKUP)
async def test_d_02_an_application_s_name_is_text_on_pages_and_in_messages(tmp_path, name):
    clients = (a_client_settings(name=name),)
    async with a_quick_house(tmp_path, clients=clients) as house:
        browser = house.browser()
        pages = [await browser.authorize(), await browser.ask()]
        message = await house.newest()
        pages.append(await house.browser().get(message.link or ""))
        for page in pages:
            assert_only_ours(page.response.text)
            assert escape(name).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in (
                page.response.text
            )
        assert message.html is not None
        assert_only_ours(message.html)
        assert "49" not in re.sub(r"\d{6}", "", message.subject)
        await house.start(**SMS)
        text = await house.newest("+447700900123")
        assert re.search(r"\n@127\.0\.0\.1:?\d* #\d{6}\Z", text.text)


@pytest.mark.parametrize("name", ["Ac\u202eem", "Ac\nme", "Ac\x00me", "Ac\u2028me"])
def test_d_02_an_application_s_name_is_one_line_that_reads_as_it_is_written(name):
    with pytest.raises(AppError, match="one line"):
        Client.of(a_client_settings(name=name))


def assert_only_ours(html: str) -> None:
    """Check that no tag or attribute came in with a value."""
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "onerror=alert" not in html.replace("&gt;", "").split("&lt;img")[0]


@pytest.mark.parametrize("value", [*MARKUP, '"><script>alert(1)</script>@example.com'])
async def test_d_02_what_a_person_typed_comes_back_as_text(house, value):
    browser = house.browser()
    page = await browser.authorize()
    for action, field in (("email", "email"), ("phone", "phone")):
        answer = await browser.post(page, f"{page.url}/{action}", **{field: value})
        assert_only_ours(answer.response.text)
        if value.strip():
            shown = escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
            assert shown in answer.response.text


@pytest.mark.parametrize("value", MARKUP)
async def test_d_02_a_login_hint_and_a_state_come_back_as_text(house, value):
    browser = house.browser()
    page = await browser.authorize(login_hint=value, state=value)
    assert_only_ours(page.response.text)
    assert page.status == 200


@pytest.mark.parametrize("agent", MARKUP)
async def test_d_02_a_hostile_browser_name_reaches_no_message(house, agent):
    async with house.http(**{"User-Agent": agent.encode("ascii", "ignore").decode()}) as http:
        body = {"client_id": "acme-spa", "connection": "email", "email": ALICE}
        assert (await http.post("/passwordless/start", json=body)).status_code == 200
    message = await house.newest()
    assert message.html is not None
    assert_only_ours(message.html)


async def test_d_07_who_is_deleted_and_comes_again_is_somebody_new(house):
    browser = house.browser()
    page = await browser.ask()
    code = await house.code()
    house.clock.advance(1)
    page = await browser.post(page, code=code)
    await house.start()
    tokens = (await house.exchange(await house.code())).json()
    first = await subject(house, tokens["access_token"])
    await house.start(send="both")
    old_code, old_link = await house.code(), await house.link()
    await ManageUsers(house.installation.database, house.clock).delete(ALICE)

    async with house.http(Authorization=f"Bearer {tokens['access_token']}") as http:
        assert (await http.get("/userinfo")).status_code == 401
    assert (await browser.authorize(prompt="none")).query["error"] == "login_required"
    assert (await house.exchange(old_code)).status_code == 403
    pressed = await house.browser().get(old_link)
    assert "Sign in on this device" not in pressed.text
    code_answer = await redeem(house, page.query["code"])
    assert code_answer.status_code == 400

    await house.start()
    again = (await house.exchange(await house.code())).json()
    assert await subject(house, again["access_token"]) != first
    async with house.http(Authorization=f"Bearer {tokens['access_token']}") as http:
        assert (await http.get("/userinfo")).status_code == 401


async def subject(house: House, token: str) -> str:
    async with house.http(Authorization=f"Bearer {token}") as http:
        return str((await http.get("/userinfo")).json()["sub"])


async def redeem(house: House, code: str) -> Any:
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    async with house.http() as http:
        client = {"client_id": "acme-web", "client_secret": SECRET}
        return await http.post("/oauth/token", data={**body, **client})


@pytest.mark.parametrize("path", ["/passwordless/start", "/oauth/token"])
async def test_d_01_text_that_is_none_reaches_no_database(house, path):
    body = {
        "client_id": "acme-web",
        "client_secret": SECRET,
        "connection": "email",
        "email": ALICE,
        "send": "link",
        "grant_type": "http://auth0.com/oauth/grant-type/passwordless/otp",
        "realm": "email",
        "username": ALICE,
        "otp": "000000",
        "scope": "openid",
        "authParams": {"state": "half"},
    }
    headers = {"Content-Type": "application/json"}
    async with house.http() as http:
        for member in [name for name in body if name != "authParams"]:
            sent = json.dumps({**body, member: "half \ud800"})
            answer = await http.post(path, content=sent, headers=headers)
            assert answer.status_code in (200, 400, 401, 403), (member, answer.text)
        sent = json.dumps({**body, "authParams": {"state": "half \ud800"}})
        answer = await http.post(path, content=sent, headers=headers)
        assert answer.status_code in (200, 400, 403)
