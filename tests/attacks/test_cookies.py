"""C: cookies, sessions and forms that Mallory brings, plants or sends from elsewhere."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from latchstring.domain.identities.identifier import EMAIL, digest_of
from tests.support.dump import rows
from tests.support.house import CALLBACK, ORIGIN, Browser, House, Page
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused, assert_refused_page, assert_safe

ALICE = "alice@example.com"
SESSION, KNOWN, WAITING = "latchstring_session", "latchstring_known", "latchstring_browser"
LIVE = "select count(*) from sessions where ended_at is null"


async def signed_in(house: House, browser: Browser, email: str = ALICE, **changes: str) -> Page:
    page = await browser.ask(email, **changes)
    code = await house.code(email)
    house.clock.advance(1)
    return await browser.post(page, code=code)


def cookie(browser: Browser, name: str) -> str | None:
    return next((c.value for c in browser.http.cookies.jar if c.name == name), None)


async def test_c_01_a_session_id_from_before_is_replaced_at_every_sign_in(house):
    browser = house.browser()
    browser.http.cookies.set(SESSION, "m" * 43, domain="127.0.0.1")
    await signed_in(house, browser)
    first = cookie(browser, SESSION)
    assert first not in (None, "m" * 43)
    await signed_in(house, browser, prompt="login")
    second = cookie(browser, SESSION)
    assert second not in (None, first)
    assert rows(house, LIVE) == [(1,)]
    async with house.http(Cookie=f"{SESSION}={first}") as http:
        answer = await http.get("/authorize", params=asked(prompt="none"))
    assert "login_required" in answer.headers["location"]


def asked(**changes: str) -> dict[str, str]:
    values = {"client_id": "acme-web", "redirect_uri": CALLBACK, "response_type": "code"}
    return {**values, "scope": "openid", "state": "s", **changes}


async def test_c_02_cookies_over_https_can_be_set_by_nobody_else_and_read_by_no_script(tmp_path):
    async with a_quick_house(tmp_path, public_url="https://auth.acme.example") as house:
        transport = httpx2.ASGITransport(app=house.application, client=("192.0.2.7", 1))
        found: dict[str, str] = {}
        async with httpx2.AsyncClient(
            transport=transport, base_url="https://auth.acme.example"
        ) as http:
            answer = await http.get("/authorize", params=asked())
            collect(found, answer)
            page = Page(await http.get(answer.headers["location"]))
            collect(found, page.response)
            form = {"csrf": page.csrf, "email": ALICE}
            waiting = await http.post(page.forms[0], data=form)
            code = await house.code()
            url = waiting.headers["location"]
            answer = await http.post(url, data={"csrf": page.csrf, "code": code})
            assert answer.headers["location"].startswith("/authorize/resume/")
            collect(found, answer)
    assert set(found) == {f"__Host-{name}" for name in (SESSION, KNOWN, WAITING)}
    for line in found.values():
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)
        assert len(line) < 4096


def collect(found: dict[str, str], answer: httpx2.Response) -> None:
    for line in answer.headers.get_list("set-cookie"):
        found[line.partition("=")[0]] = line


async def test_c_02_four_people_in_one_browser_still_fit_in_a_cookie(house):
    browser = house.browser()
    for number in range(8):
        await signed_in(house, browser, f"p{number}@example.com", prompt="login")
    marks = cookie(browser, KNOWN) or ""
    assert len(marks) < 1024
    assert marks.count("~") == 3


async def test_c_04_nothing_that_concerns_a_person_is_kept_by_caches(house):
    browser = house.browser()
    page = await browser.ask()
    answers = [
        page.response,
        (await browser.get(page.url.replace("/code", ""))).response,
        (await browser.get(page.url.replace("/code", "/status"))).response,
        (await browser.get(page.url.replace("/code", "/nothing-arrived"))).response,
        (await browser.get(await house.link())).response,
        (await browser.get("/nothing/here")).response,
        (await browser.get("/help")).response,
        await house.start(),
        await house.exchange(await house.code()),
        await house.exchange("000000"),
    ]
    async with house.http() as http:
        answers.append(await http.get("/livez"))
        answers.append(await http.get("/readyz"))
        answers.append(await http.get("/passwordless/start"))
        answers.append(await http.get("/authorize", params=asked()))
    for answer in answers:
        assert_safe(answer)


FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("action", ["email", "phone", "continue", "again", "code"])
async def test_c_05_a_form_sent_from_another_site_is_refused(house, log, headers, action):
    browser = house.browser()
    page = await browser.ask()
    house.inbox.clear()
    url = page.url.replace("/code", f"/{action}")
    fields = {"csrf": page.csrf, "email": "bob@example.com", "phone": "+447700900123"}
    answer = await browser.http.post(
        url, data={**fields, "code": await house.code()}, headers=headers
    )
    assert_refused_page(Page(answer), 403, log)
    assert rows(house, "select count(*) from sessions") == [(0,)]
    assert rows(house, "select count(*) from challenges") == [(1,)]


@pytest.mark.parametrize("token", ["", "1.x", "{of another browser}"])
async def test_c_05_a_form_without_this_browser_s_token_is_refused(house, log, token):
    browser, mallory = house.browser(), house.browser()
    page = await browser.authorize()
    if token.startswith("{"):
        token = (await mallory.authorize()).csrf
    answer = await browser.http.post(page.forms[0], data={"csrf": token, "email": ALICE})
    assert_refused_page(Page(answer), 403, log)
    assert "reload the page" in answer.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "multipart/form-data"])
async def test_c_05_a_form_in_another_shape_is_refused(house, log, content_type):
    browser = house.browser()
    page = await browser.authorize()
    answer = await browser.http.post(
        page.forms[0],
        content=f'{{"csrf": "{page.csrf}", "email": "{ALICE}"}}',
        headers={"Content-Type": content_type},
    )
    assert_refused_page(Page(answer), 415, log)


async def test_c_05_a_start_from_another_site_s_form_is_refused(house, log):
    async with house.http(Origin="https://evil.test") as http:
        answer = await http.post("/passwordless/start", data={"email": ALICE})
        assert_refused(answer, 415, "bad.request", log)
        answer = await http.post(
            "/passwordless/start",
            content='{"client_id":"acme-spa","connection":"email","email":"alice@example.com"}',
            headers={"Content-Type": "text/plain"},
        )
        assert_refused(answer, 415, "bad.request", log)


BROKEN = [
    "",
    "x",
    "x" * 8192,
    "%00",
    "na\u00efve",
    "; path=/",
    "a" * 43,
    "'; drop table sessions; --",
    "==",
]


@pytest.mark.parametrize("value", BROKEN)
@pytest.mark.parametrize("name", [SESSION, KNOWN, WAITING])
async def test_c_08_a_broken_cookie_is_no_cookie(house, name, value):
    browser = house.browser()
    page = await browser.authorize()
    header = f"{WAITING}={cookie(browser, WAITING)}; {name}={value}".encode()
    async with house.http() as http:
        headers = {"Cookie": header.decode("latin-1") if value.isascii() else ""}
        answer = await http.get(page.url, headers=headers)
        assert answer.status_code in (200, 400)
        again = await http.get("/authorize", params=asked(prompt="none"), headers=headers)
        assert "login_required" in again.headers["location"]


@pytest.mark.parametrize("name", [SESSION, WAITING])
async def test_c_08_a_cookie_that_comes_twice_is_none(house, name):
    browser = house.browser()
    await signed_in(house, browser)
    value = cookie(browser, name)
    everything = "; ".join(f"{c.name}={c.value}" for c in browser.http.cookies.jar)
    async with house.http(Cookie=everything) as http:
        answer = await http.get("/authorize", params=asked(prompt="none"))
        assert "code=" in answer.headers["location"]
    async with house.http(Cookie=f"{everything}; {name}={value}") as http:
        answer = await http.get("/authorize", params=asked())
        if name == SESSION:
            assert answer.headers["location"].startswith("/sign-in/")
        page = Page(await http.get("/sign-in/auth_x"))
        assert page.status == 400


def marks() -> list[str]:
    digest = digest_of(EMAIL, ALICE)
    now = "1772443800"
    return [
        f"{digest}.{now}.1.{'A' * 22}",
        f"{digest}.{now}.99.x",
        f"{digest}.{'9' * 30}.1.x",
        f"{digest}.-1.1.x",
        f"{digest}.x.y.z",
        f"{digest}.",
        f"{digest}.1.1.1.1.1",
        f"~~~{digest}.{now}.1.x~",
        f"{digest}.{'9' * 900}.1.x",
    ]


@pytest.mark.parametrize("mark", marks())
async def test_c_08_a_forged_mark_makes_no_browser_known(house, mark):
    for _ in range(10):
        assert (await house.start()).status_code == 200
    browser = house.browser()
    browser.http.cookies.set(KNOWN, mark, domain="127.0.0.1")
    page = await browser.ask()
    assert page.status == 429


async def test_c_08_a_mark_dies_when_its_person_signs_out_everywhere(house):
    from latchstring.flows.manage_users import ManageUsers  # noqa: PLC0415 - for this one test

    browser = house.browser()
    await signed_in(house, browser)
    house.clock.advance(2)
    administrator = ManageUsers(house.installation.database, house.clock)
    await administrator.block(ALICE)
    await administrator.unblock(ALICE)
    for _ in range(9):
        await house.start()
    await house.start()
    assert (await browser.ask(prompt="login")).status == 429


async def test_c_08_a_session_cookie_is_one_of_ours_or_nothing_under_other_keys(tmp_path: Path):
    async with a_quick_house(tmp_path / "one") as house:
        browser = house.browser()
        await signed_in(house, browser)
        values: list[tuple[str, str]] = [
            (c.name, c.value or "") for c in browser.http.cookies.jar if c.value
        ]
    async with a_quick_house(tmp_path / "other") as house:
        header = "; ".join(f"{name}={value}" for name, value in values)
        async with house.http(Cookie=header) as http:
            answer = await http.get("/authorize", params=asked(prompt="none"))
        assert "login_required" in answer.headers["location"]


async def test_c_10_whoever_started_for_alice_stays_a_stranger_when_she_signs_in(house):
    mallory, alice = house.browser(), house.browser()
    waiting = await mallory.ask(ALICE)
    link = await house.link()
    await alice.post(await alice.get(link))
    assert (await mallory.get(waiting.url)).left_for == ""
    assert (await mallory.authorize(prompt="none")).query["error"] == "login_required"
    resumed = await mallory.get(waiting.url.replace("/sign-in/", "/authorize/resume/")[:-5])
    assert resumed.left_for == ""
    assert cookie(mallory, SESSION) is None


async def test_c_10_a_waiting_sign_in_is_worthless_in_another_browser(house, log):
    alice, mallory = house.browser(), house.browser()
    waiting = await alice.ask()
    await mallory.ask("mallory@example.com")
    page = await mallory.get(waiting.url)
    assert_refused_page(page, 400, log)
    assert "alice" not in page.text
    page = await mallory.post(waiting, waiting.url, code=await house.code())
    assert_refused_page(page, 400, log)
    assert rows(house, "select count(*) from sessions") == [(0,)]


ORIGINS = [
    "null",
    "https://app.test.evil.test",
    "http://127.0.0.1:9100.evil.test",
    "http://127.0.0.1:9101",
    "https://127.0.0.1:9100",
    "HTTP://127.0.0.1:9100/",
    ORIGIN,
]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("path", ["/passwordless/start", "/oauth/token", "/userinfo"])
async def test_c_13_no_origin_but_a_registered_one_may_read_answers(house, origin, path):
    async with house.http(Origin=origin) as http:
        for method in ("OPTIONS", "POST", "GET"):
            answer = await http.request(method, path)
            assert "access-control-allow-origin" not in answer.headers
            assert "access-control-allow-credentials" not in answer.headers
            assert "Origin" in answer.headers["vary"]


async def test_c_13_a_registered_origin_may_without_cookies(house):
    origin = "http://127.0.0.1:9100"
    async with house.http(Origin=origin) as http:
        for path in ("/passwordless/start", "/oauth/token"):
            answer = await http.options(path, headers={"Access-Control-Request-Method": "POST"})
            assert answer.status_code == 204
            assert answer.headers["access-control-allow-origin"] == origin
            assert "access-control-allow-credentials" not in answer.headers
            assert "Content-Type" in answer.headers["access-control-allow-headers"]
            refused: Any = await http.post(path, json={})
            assert refused.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize("path", ["/authorize", "/oidc/logout", "/help", "/sign-in/auth_x"])
async def test_c_13_pages_are_read_by_no_other_origin(house, path):
    async with house.http(Origin="http://127.0.0.1:9100") as http:
        answer = await http.get(path, params=asked())
        assert "access-control-allow-origin" not in answer.headers
