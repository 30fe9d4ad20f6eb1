"""M: a link changes nothing until somebody presses, works once, and leads only home."""

import asyncio
import re
from typing import Any

import pytest
from msgspec.structs import force_setattr

from latchstring.flows.manage_users import ManageUsers
from tests.support.dump import dump, rows
from tests.support.house import CALLBACK, LOGIN, ORIGIN, House, Page
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused_page, assert_safe

ALICE, BOB = "alice@example.com", "bob@example.com"
LOOKS: list[dict[str, str]] = [
    {},
    {"Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 BingPreview/1.0b"},
    {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0 Safari/537.36"},
    {"Cookie": "latchstring_browser=" + "x" * 43},
]
UNTOUCHED = "select ended_at, ended_by, attempts from challenges"


async def a_link(house: House, email: str = ALICE) -> str:
    await house.start(email, send="link")
    return await house.link(email)


def press_headers(**changes: str | None) -> dict[str, str]:
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **changes}
    return {name: value for name, value in headers.items() if value is not None}


@pytest.mark.parametrize("headers", LOOKS, ids=str)
async def test_m_01_looking_at_a_link_uses_nothing_up(house, headers):
    link = await a_link(house)
    for _ in range(50):
        page = await house.browser().get(link, **headers)
        assert page.status == 200
        assert "set-cookie" not in page.response.headers
        assert_safe(page.response)
    assert rows(house, UNTOUCHED) == [(None, None, 0)]
    assert rows(house, "select count(*) from sessions") == [(0,)]
    page = await house.browser().post(page)
    assert page.left_for.startswith(CALLBACK)


async def test_m_01_head_and_options_use_nothing_up(house):
    link = await a_link(house)
    async with house.http() as http:
        assert (await http.head(link)).status_code == 200
        assert (await http.options(link)).status_code == 204
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            answer = await http.request(method, link)
            assert answer.status_code == 405
            assert_safe(answer)
            assert answer.headers["allow"] == "GET, POST, HEAD"
        for path in ("/code", "/not-me"):
            answer = await http.get(link + path)
            assert (answer.status_code, ORIGIN + answer.headers["location"]) == (303, link)
    assert rows(house, UNTOUCHED) == [(None, None, 0)]
    page = await house.browser().get(link)
    assert page.heading == "Sign in to Acme?"


async def test_m_01_looking_leaves_everything_in_the_database_as_it_was(house):
    link = await a_link(house)
    await house.browser().get(link)  # the first look is noted, once
    before = dump(house)
    for headers in LOOKS:
        await house.browser().get(link, **headers)
    assert dump(house) == before


async def test_m_01_a_mangled_link_counts_nowhere_and_tells_nothing(house, log):
    link = await a_link(house)
    before = dump(house)
    last = "A" if link[-1] != "A" else "B"
    mangled = [link[:-1], link[:-1] + last, link + "x", link.upper(), ORIGIN + "/l/", link + "%00"]
    mangled += [f"{ORIGIN}/l/{'A' * 43}", f"{ORIGIN}/l/{'!' * 43}", f"{ORIGIN}/l/{'é' * 43}"]
    for url in mangled:
        page = await house.browser().get(url)
        if page.status != 404:
            assert_refused_page(page, 410, log)
        assert "alice" not in page.text
        assert "Acme" not in page.text
    assert dump(house) == before


async def test_m_02_only_the_browser_that_asked_may_go_on_by_itself(house):
    browser = house.browser()
    await browser.ask()
    link = await house.link()
    assert "data-auto" in (await browser.get(link)).response.text
    for headers in LOOKS:
        page = await house.browser().get(link, **headers)
        assert "data-auto" not in page.response.text
        page = await house.browser(**headers).get(link)
        assert "data-auto" not in page.response.text


@pytest.mark.parametrize("headers", [{"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch"}])
async def test_m_02_even_there_a_prefetched_page_does_not(house, headers):
    browser = house.browser()
    await browser.ask()
    page = await browser.get(await house.link(), **headers)
    assert "data-auto" not in page.response.text


async def test_m_02_another_sign_in_of_the_same_browser_does_not_count_as_asking(house):
    browser = house.browser()
    await browser.ask(BOB)
    page = await browser.get(await a_link(house))
    assert "data-auto" not in page.response.text


async def test_m_03_of_64_parallel_presses_one_signs_in(house):
    page = await house.browser().get(await a_link(house))
    browsers = [house.browser() for _ in range(64)]
    ends = await asyncio.gather(*(browser.post(page) for browser in browsers))
    assert sum(end.left_for.startswith(CALLBACK) for end in ends) == 1
    losers = [end for end in ends if not end.left_for]
    assert {(end.status, end.heading) for end in losers} == {
        (410, "This link has already been used")
    }
    assert rows(house, "select count(*) from sessions") == [(1,)]
    assert rows(house, "select count(*) from authorization_codes") == [(1,)]


async def test_m_03_a_second_press_of_one_browser_signs_nobody_in_again(house):
    browser = house.browser()
    page = await browser.get(await a_link(house))
    await browser.post(page)
    page = await browser.post(page)
    assert page.status == 410
    assert rows(house, "select count(*) from sessions") == [(1,)]


async def test_m_05_a_link_signs_in_its_own_person_whatever_else_is_sent(house):
    link = await a_link(house)
    await a_link(house, BOB)
    browser = house.browser()
    page = await browser.get(f"{link}?email={BOB}")
    page = await browser.post(page, email=BOB, username=BOB, identifier=BOB)
    assert page.left_for.startswith(CALLBACK)
    assert rows(house, "select identifier from sessions") == [(ALICE,)]


async def test_m_05_a_form_of_one_link_presses_no_other(house, log):
    alices, bobs = await a_link(house), await a_link(house, BOB)
    browser = house.browser()
    page = await browser.get(bobs)
    page = await browser.post(page, alices.removeprefix(ORIGIN))
    assert_refused_page(page, 403, log)
    assert rows(house, "select count(*) from sessions") == [(0,)]


HOSTS: list[dict[str, str]] = [
    {"Host": "evil.test"},
    {"Host": "evil.test:8321"},
    {"X-Forwarded-Host": "evil.test"},
    {"X-Forwarded-Server": "evil.test"},
    {"X-Host": "evil.test"},
    {"Forwarded": "host=evil.test;proto=https"},
    {"X-Original-Host": "evil.test", "X-Rewrite-URL": "/evil"},
]
PREFIXES: list[dict[str, str]] = [
    {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "1337"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Prefix": "//evil.test"},
    {"X-Script-Name": "/evil", "X-Forwarded-Path": "/evil"},
]


@pytest.mark.parametrize("headers", HOSTS + PREFIXES, ids=str)
async def test_m_06_m_07_a_link_names_the_configured_origin_whatever_headers_say(house, headers):
    body: dict[str, Any] = {"client_id": "acme-spa", "connection": "email", "email": ALICE}
    async with house.http(ip="127.0.0.1") as http:
        answer = await http.post("/passwordless/start", json=body, headers=headers)
        assert answer.status_code == 200
    message = await house.newest()
    assert message.link is not None
    assert re.fullmatch(re.escape(ORIGIN) + r"/l/[\w-]{43}", message.link)
    assert "evil" not in message.source
    assert ":1337" not in message.source


@pytest.mark.parametrize("headers", HOSTS + PREFIXES, ids=str)
async def test_m_06_m_07_no_redirect_of_the_pages_follows_them_either(house, headers):
    browser = house.browser()
    page = await browser.authorize()
    fields = {"csrf": page.csrf, "email": ALICE}
    answer = await browser.http.post(page.forms[0], data=fields, headers=headers)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in/")
    async with house.http(**headers) as http:
        found = (await http.get("/.well-known/openid-configuration")).text
    assert "evil" not in found


async def test_m_08_pages_with_a_token_in_their_address_keep_it_to_themselves(house):
    link = await a_link(house)
    page = await house.browser().get(link)
    headers = page.response.headers
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "noindex" in headers["x-robots-tag"]
    elsewhere = re.findall(r'(?:src|href)="(https?:)?//([^"]*)"', page.response.text)
    assert elsewhere == []
    browser = house.browser()
    pressed = await browser.http.post(
        link, data={"csrf": page.csrf}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert pressed.status_code == 303
    assert link.rpartition("/")[2] not in pressed.headers["location"]


async def test_m_10_mallory_s_own_link_shows_whose_it_is_and_waits_for_a_press(house):
    alice = house.browser()
    await alice.post(await alice.ask(), code=await house.code())
    page = await alice.get(await a_link(house, "mallory@example.com"))
    assert page.heading == "Sign in to Acme?"
    assert "You'll be signed in as m•••@example.com" in page.text
    assert "data-auto" not in page.response.text
    live = "select identifier from sessions where ended_at is null"
    assert rows(house, live) == [(ALICE,)]


async def test_m_10_a_press_ends_the_session_that_was_there(house):
    alice = house.browser()
    await alice.post(await alice.ask(), code=await house.code())
    await alice.post(await alice.get(await a_link(house, BOB)))
    assert rows(house, "select identifier from sessions where ended_at is null") == [(BOB,)]


async def test_m_10_the_browser_that_asked_is_never_completed_by_a_press_elsewhere(house):
    mallory, alice = house.browser(), house.browser()
    waiting = await mallory.ask(ALICE)
    end = await alice.post(await alice.get(await house.link()))
    assert end.left_for.startswith(LOGIN)
    page = await mallory.get(waiting.url)
    assert page.left_for == ""
    cookies = {cookie.name for cookie in mallory.http.cookies.jar if cookie.value}
    assert cookies == {"latchstring_browser"}
    assert (await mallory.authorize(prompt="none")).query["error"] == "login_required"


async def test_m_12_a_link_ends_with_a_code_of_the_same_batch(house, log):
    await house.start(send="both")
    link = await house.link()
    await house.start()
    assert (await house.exchange(await house.code())).status_code == 200
    page = await house.browser().get(link)
    assert_refused_page(page, 410, log)
    assert page.heading == "This link has already been used"


async def test_m_12_a_code_ends_with_a_link_of_the_same_batch(house):
    await house.start()
    code = await house.code()
    browser = house.browser()
    await browser.post(await browser.get(await a_link(house)))
    answer = await house.exchange(code)
    assert (answer.status_code, answer.json()["error"]) == (403, "invalid_grant")


async def test_m_12_a_press_of_a_page_opened_before_the_use_is_refused(house, log):
    await house.start(send="both")
    code = await house.code()
    browser = house.browser()
    page = await browser.get(await house.link())
    assert (await house.exchange(code)).status_code == 200
    for action in page.forms[:2]:
        refused = await browser.post(page, action)
        assert_refused_page(refused, 410, log)
    assert rows(house, "select count(*) from sessions") == [(0,)]


FOREIGN: list[dict[str, str | None]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": None, "Origin": "https://evil.test"},
    {"Sec-Fetch-Site": None, "Origin": "null"},
    {"Sec-Fetch-Site": None, "Origin": ORIGIN + ".evil.test"},
    {"Sec-Fetch-Site": None, "Origin": ORIGIN.replace("http:", "https:")},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("action", ["", "/code", "/not-me"])
async def test_m_13_a_press_from_another_site_is_refused(house, log, headers, action):
    link = await a_link(house)
    browser = house.browser()
    page = await browser.get(link)
    answer = await browser.http.post(
        link + action, data={"csrf": page.csrf}, headers=press_headers(**headers)
    )
    assert_refused_page(Page(answer), 403, log)
    assert rows(house, UNTOUCHED) == [(None, None, 0)]


@pytest.mark.parametrize("token", ["", "x", "1.", "1.x", "99.x", "1.é", "-1.x", "9" * 5000 + ".x"])
async def test_m_13_a_press_without_the_form_s_token_is_refused(house, log, token):
    link = await a_link(house)
    answer = await house.browser().http.post(link, data={"csrf": token}, headers=press_headers())
    assert_refused_page(Page(answer), 403, log)
    assert rows(house, UNTOUCHED) == [(None, None, 0)]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 415), ("text/plain", 415), ("multipart/form-data; boundary=x", 415)],
)
async def test_m_13_a_press_is_a_form_and_nothing_else(house, log, content_type, status):
    link = await a_link(house)
    page = await house.browser().get(link)
    headers = press_headers(**{"Content-Type": content_type})
    content = f'{{"csrf":"{page.csrf}"}}'
    answer = await house.browser().http.post(link, content=content, headers=headers)
    assert_refused_page(Page(answer), status, log)


@pytest.mark.parametrize(
    ("advance", "heading"), [(600, "This link has expired"), (599, "Sign in to Acme?")]
)
async def test_a_link_ends_with_its_lifetime(house, advance, heading):
    link = await a_link(house)
    house.clock.advance(advance)
    assert (await house.browser().get(link)).heading == heading


async def test_a_link_that_expires_between_look_and_press_is_refused(house, log):
    browser = house.browser()
    page = await browser.get(await a_link(house))
    house.clock.advance(601)
    page = await browser.post(page)
    assert_refused_page(page, 410, log)
    assert page.heading == "This link has expired"


async def test_this_was_not_me_ends_every_code_and_link_and_signs_nobody_in(house):
    await house.start()
    code = await house.code()
    link = await a_link(house)
    browser = house.browser()
    page = await browser.get(link)
    page = await browser.post(page, page.forms[-1])
    assert page.status == 200
    assert "acme" in page.text.lower()
    assert (await house.exchange(code)).status_code == 403
    assert (await house.browser().get(link)).status in (200, 410)
    assert rows(house, "select count(*) from sessions") == [(0,)]


async def test_a_blocked_person_s_link_reads_as_one_we_do_not_know(house, log):
    await house.start()
    assert (await house.exchange(await house.code())).status_code == 200
    browser = house.browser()
    page = await browser.get(await a_link(house))
    await house.installation.database.transact(_block_alone)
    page = await browser.post(page)
    assert_refused_page(page, 410, log)
    assert page.heading == "This link doesn't work"
    assert rows(house, "select count(*) from sessions where ended_at is null") == [(0,)]


async def _block_alone(tx: Any) -> None:
    """Shut Alice out without ending her link, as a block that races with a press might."""
    from latchstring.domain.identities import store  # noqa: PLC0415 - for this one test

    (user,) = await store.list_users(tx, None, 5)
    await store.set_blocked(tx, user.id, blocked_at=user.created_at, now=user.created_at)


async def test_a_link_under_the_policy_deny_works_only_where_it_was_asked_for(house, log):
    await house.change(other_browser="deny")
    browser = house.browser()
    await browser.ask()
    link = await house.link()
    stranger = house.browser()
    page = await stranger.get(link)
    assert_refused_page(page, 403, log)
    own = await browser.get(link)
    refused = await stranger.post(own, link.removeprefix(ORIGIN))
    assert_refused_page(refused, 403, log)
    refused = await stranger.post(own, link.removeprefix(ORIGIN) + "/code")
    assert_refused_page(refused, 403, log)
    assert (await browser.post(own)).left_for.startswith(CALLBACK)


async def test_a_link_under_the_policy_code_shows_a_code_and_signs_nobody_in(house, log):
    await house.change(other_browser="code")
    browser = house.browser()
    waiting = await browser.ask()
    link = await house.link()
    stranger = house.browser()
    page = await stranger.get(link)
    assert page.forms[0].endswith("/code")
    refused = await stranger.post(page, link.removeprefix(ORIGIN))
    assert_refused_page(refused, 403, log)
    page = await stranger.post(page)
    assert await house.code() in page.text
    assert [cookie.name for cookie in stranger.http.cookies.jar] == []
    page = await browser.post(waiting, code=await house.code())
    assert page.left_for.startswith(CALLBACK)


async def test_a_link_at_the_api_is_refused_where_links_only_work_in_the_asking_browser(house, log):
    await house.change(other_browser="deny")
    answer = await house.start(send="link")
    assert (answer.status_code, answer.json()["error"]) == (400, "bad.request")
    assert rows(house, "select count(*) from challenges") == [(0,)]


async def test_a_deleted_person_s_link_signs_nobody_in(house):
    await house.start()
    await house.exchange(await house.code())
    link = await a_link(house)
    await ManageUsers(house.installation.database, house.clock).delete(ALICE)
    assert (await house.browser().get(link)).status in (200, 410)
    page = await house.browser().get(link)
    assert "Sign in on this device" not in page.text


async def test_a_link_of_a_removed_connection_s_client_leads_nowhere_else(tmp_path):
    async with a_quick_house(tmp_path) as house:
        browser = house.browser()
        page = await browser.get(await a_link(house))
        force_setattr(house.installation.configuration.current, "clients", {})
        page = await browser.post(page)
        assert page.left_for in ("", CALLBACK) or page.left_for.startswith(CALLBACK)
