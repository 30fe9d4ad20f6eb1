"""The mailed link's pages, button by button."""

import re

import pytest
from msgspec.structs import force_setattr

from tests.support.dump import rows
from tests.support.house import CALLBACK, LOGIN, ORIGIN, Browser, Page, a_client_settings
from tests.support.places import USUAL
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused_page

ALICE, BOB = "alice@example.com", "bob@example.com"


async def pressed(browser: Browser, link: str) -> Page:
    return await browser.post(await browser.get(link))


async def test_the_browser_that_asked_goes_on_with_one_press(house):
    browser = house.browser()
    await browser.ask()
    page = await browser.get(await house.link())
    assert page.heading == "Sign in to Acme"
    assert page.forms == [page.url.removeprefix(ORIGIN)]
    page = await browser.post(page)
    assert page.left_for.startswith(CALLBACK + "?code=")
    assert page.query["state"] == "a-state"


async def test_another_browser_is_told_who_and_where_before_anything_happens(house):
    await house.browser().ask()
    page = await house.browser().get(await house.link())
    assert page.heading == "Sign in to Acme?"
    assert "You'll be signed in as a•••@example.com" in page.text
    assert ALICE not in page.text
    assert [action.rpartition("/")[2] for action in page.forms][1:] == ["code", "not-me"]


async def test_a_press_elsewhere_signs_that_browser_in_and_leads_to_the_application(house):
    await house.browser().ask()
    browser = house.browser()
    page = await pressed(browser, await house.link())
    assert page.left_for.startswith(LOGIN + "?iss=")
    again = await browser.authorize()
    assert again.left_for.startswith(CALLBACK + "?code=")


async def test_an_application_without_a_sign_in_page_is_named_to_go_back_to(tmp_path):
    clients = (a_client_settings(initiate_login_uri=None),)
    async with a_quick_house(tmp_path, clients=clients) as house:
        await house.browser().ask()
        browser = house.browser()
        page = await pressed(browser, await house.link())
        assert page.status == 200
        assert page.url == f"{ORIGIN}/signed-in/acme-web"
        assert "Acme" in page.text
        assert rows(house, "select identifier from sessions") == [(ALICE,)]


async def test_the_page_of_arrival_needs_no_application(house):
    page = await house.browser().get("/signed-in/nobody")
    assert page.status == 200


async def test_the_code_may_be_shown_to_type_it_where_one_began(house):
    waiting_browser = house.browser()
    waiting = await waiting_browser.ask()
    browser = house.browser()
    page = await browser.get(await house.link())
    page = await browser.post(page, page.forms[1])
    assert page.heading == "Your sign-in code"
    assert await house.code() in page.text
    assert rows(house, "select count(*) from sessions") == [(0,)]
    page = await waiting_browser.post(waiting, code=await house.code())
    assert page.left_for.startswith(CALLBACK)


async def test_a_link_alone_from_the_api_has_no_code_to_show(house):
    await house.start(send="link")
    browser = house.browser()
    page = await browser.get(await house.link())
    assert all(not action.endswith("/code") for action in page.forms)
    page = await browser.post(page, page.url.removeprefix(ORIGIN) + "/code")
    assert page.status in (403, 410)
    assert not re.search(r"\b\d{6}\b", page.text)


async def test_a_code_out_of_tries_is_not_shown(house):
    await house.start(send="both")
    link = await house.link()
    for _ in range(3):
        await house.exchange("0" * 6 if await house.code() != "0" * 6 else "1" * 6)
    browser = house.browser()
    page = await browser.get(link)
    refused = await browser.post(page, link.removeprefix(ORIGIN) + "/code")
    assert_refused_page(refused, 410)
    assert await house.code() not in refused.text


async def test_this_was_not_me_voids_the_link_and_says_so(house):
    await house.browser().ask()
    link = await house.link()
    browser = house.browser()
    page = await browser.get(link)
    page = await browser.post(page, page.forms[-1])
    assert page.url == link
    assert page.heading == (await house.browser().get(link)).heading
    assert rows(house, "select ended_by from challenges") == [("voided",)]
    refused = await browser.http.post(
        link, data={"csrf": page.csrf or "x"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert refused.status_code in (403, 410)


async def test_a_used_link_says_so_and_offers_to_begin_again(house):
    await house.start(send="link")
    link = await house.link()
    await pressed(house.browser(), link)
    page = await house.browser().get(link)
    assert_refused_page(page, 410)
    assert page.heading == "This link has already been used"
    assert LOGIN in page.response.text


async def test_a_used_link_in_the_browser_that_used_it_leads_on(house):
    await house.start(send="link")
    link = await house.link()
    browser = house.browser()
    await pressed(browser, link)
    page = await browser.get(link)
    assert "You're signed in in this browser." in page.text
    assert LOGIN in page.response.text


async def test_an_expired_link_sends_a_new_one_from_the_browser_that_asked(house):
    browser = house.browser()
    await browser.ask()
    link = await house.link()
    house.clock.advance(601)
    page = await browser.get(link)
    assert_refused_page(page, 410)
    assert page.heading == "This link has expired"
    assert "10 minutes" in page.text
    page = await browser.post(page)
    assert page.heading == "Check your email"
    page = await pressed(browser, await house.link())
    assert page.left_for.startswith(CALLBACK)


async def test_an_expired_link_leads_elsewhere_to_the_application(house):
    await house.start(send="link")
    link = await house.link()
    house.clock.advance(601)
    page = await house.browser().get(link)
    assert page.forms == []
    assert LOGIN in page.response.text


async def test_an_expired_link_of_one_person_sends_nothing_to_another(house):
    browser = house.browser()
    page = await browser.ask(ALICE)
    link = await house.link()
    first = await browser.get(page.url.removesuffix("/code"))
    await browser.post(first, email=BOB)
    house.clock.advance(601)
    page = await browser.get(link)
    assert page.heading == "This link has expired"
    assert page.forms == []


async def test_the_sixth_request_replaces_the_first_link(house):
    await house.start(send="link")
    link = await house.link()
    for _ in range(5):
        await house.start(send="link")
    page = await house.browser().get(link)
    assert_refused_page(page, 410)
    assert "newer" in page.text or "latest" in page.text
    assert (await house.browser().get(await house.link())).heading == "Sign in to Acme?"


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (Linux; Android 15; wv) Chrome/140.0",
        "Mozilla/5.0 (iPhone) Instagram 300.0",
        "Mozilla/5.0 (iPhone) [FBAN/FBIOS]",
        "Mozilla/5.0 (iPhone) GSA/300.0",
    ],
)
async def test_a_browser_inside_an_app_is_warned_and_not_stopped(house, agent):
    await house.start(send="link")
    browser = house.browser(**{"User-Agent": agent})
    page = await browser.get(await house.link())
    assert "You're in a browser inside another app." in page.text
    assert (await browser.post(page)).left_for.startswith(CALLBACK)


async def test_an_ordinary_browser_is_not_warned(house):
    await house.start(send="link")
    page = await house.browser().get(await house.link())
    assert "inside another app" not in page.text


async def test_a_link_that_was_opened_is_noted_once(house):
    await house.start(send="link")
    link = await house.link()
    await house.browser().get(link)
    (first,) = rows(house, "select opened_at from challenges")
    house.clock.advance(5)
    await house.browser().get(link)
    assert rows(house, "select opened_at from challenges") == [first]
    assert first != (None,)


async def test_somebody_else_s_session_is_told_of_before_it_ends(house):
    browser = house.browser()
    page = await browser.ask(BOB)
    await browser.post(page, code=await house.code(BOB))
    await house.start(ALICE, send="link")
    page = await browser.get(await house.link(ALICE))
    assert "a•••@example.com" in page.text
    assert page.heading == "Sign in to Acme?"


@pytest.mark.parametrize("path", ["", "/", "//", "/x", "/code", "/not-me"])
async def test_what_is_no_link_of_ours_is_told_kindly(house, path):
    page = await house.browser().get("/l" + path)
    assert page.status in (404, 410)
    assert page.heading


async def test_a_link_of_an_application_that_is_gone_still_knows_its_way(house):
    await house.start(send="link")
    link = await house.link()
    force_setattr(house.installation.configuration.current, "clients", {})
    page = await house.browser().get(link)
    assert page.status in (200, 410)
    house.clock.advance(601)
    assert (await house.browser().get(link)).heading == "This link has expired"


async def test_the_redirect_address_keeps_its_own_query(tmp_path):
    callback = CALLBACK + "?tenant=1"
    clients = (a_client_settings(callbacks=(callback,)),)
    async with a_quick_house(tmp_path, clients=clients) as house:
        await house.start(send="link")
        page = await pressed(house.browser(), await house.link())
        assert page.left_for.startswith(callback + "&code=")


@pytest.mark.at(*USUAL)  # it is taken from one node's memory
async def test_a_link_of_a_connection_that_is_gone_opens_nowhere_else(house):
    await house.start(send="link")
    link = await house.link()
    current = house.installation.configuration.current
    connections = {"sms": current.connections["sms"]}
    force_setattr(current, "connections", connections)
    assert (await house.browser().get(link)).status == 403
