"""``/v2/logout``, as Auth0's SDKs navigate to it."""

import pytest

from latchstring.domain.sessions import store as sessions
from tests.support.provider import (
    BOB,
    LOGGED_OUT,
    TENANT_LOGGED_OUT,
    a_client,
    where,
)

OUT = "/v2/logout"
NAVIGATION = {
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
AUTH0_CLIENT = "eyJuYW1lIjoiYXV0aDAuanMiLCJ2ZXJzaW9uIjoiOS4yOC4wIn0="
WISH = {"client_id": "acme-web", "returnTo": LOGGED_OUT}


async def is_live(provider, session) -> bool:
    found = await provider.database.read(lambda tx: sessions.find_session(tx, session.id))
    return found is not None and found.is_live(provider.clock.now())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        NAVIGATION,
        NAVIGATION | {"Referer": "https://app.test/"},
        NAVIGATION | {"Sec-Fetch-Site": "same-site", "Referer": "https://www.elsewhere.test/"},
        NAVIGATION | {"Sec-Fetch-Site": "none"},
        {"Referer": "https://app.test/page?x=1"},
        {"Referer": "android-app://com.acme"},
        {"Referer": "https://[bad"},
    ],
)
async def test_an_application_s_navigation_signs_out_at_once(browser, provider, headers):
    session = await browser.sign_in()

    response = await browser.http.get(
        OUT, params=WISH | {"auth0Client": AUTH0_CLIENT}, headers=headers
    )

    assert (response.status_code, response.headers["location"]) == (302, LOGGED_OUT)
    assert 'latchstring_session=""' in response.headers["set-cookie"]
    assert not await is_live(provider, session)


async def test_a_page_of_nobody_s_gets_the_question_and_not_the_sign_out(browser, provider):
    session = await browser.sign_in()

    response = await browser.http.get(
        OUT, params=WISH, headers=NAVIGATION | {"Referer": "https://evil.test/"}
    )

    assert response.text == "sign out?"
    assert await is_live(provider, session)
    assert (await press(browser, form_of(browser))).headers["location"] == LOGGED_OUT
    assert not await is_live(provider, session)


async def test_a_page_of_an_application_that_registered_itself_is_somebody_s_else(
    browser, provider
):
    session = await browser.sign_in()
    provider.clients["new"] = a_client("new", dynamic=True, callbacks=("https://new.test/cb",))
    headers = NAVIGATION | {"Referer": "https://new.test/"}

    assert (await browser.http.get(OUT, params=WISH, headers=headers)).text == "sign out?"
    assert await is_live(provider, session)


async def test_where_it_is_asked_for_a_navigation_that_says_nothing_of_its_page_is_confirmed(
    provider,
):
    provider.confirm_logout = True
    browser = provider.browser()
    session = await browser.sign_in()

    for headers in ({}, NAVIGATION):
        answer = await browser.http.get(OUT, params=WISH, headers=headers)
        assert answer.text == "sign out?"
    assert await is_live(provider, session)
    typed = NAVIGATION | {"Sec-Fetch-Site": "none"}
    assert (await browser.http.get(OUT, params=WISH, headers=typed)).status_code == 302


@pytest.mark.parametrize("dest", ["iframe", "image", "script", "empty", "object", "frame"])
async def test_nothing_but_a_navigation_signs_out(browser, provider, dest):
    session = await browser.sign_in()
    headers = {"Sec-Fetch-Dest": dest, "Sec-Fetch-Site": "same-site"}

    response = await browser.http.get(OUT, params=WISH, headers=headers)

    assert response.status_code == 403
    assert "location" not in response.headers
    assert await is_live(provider, session)


async def test_nobody_sends_head(browser, provider):
    session = await browser.sign_in()
    assert (await browser.http.head(OUT, params=WISH)).status_code == 405
    assert await is_live(provider, session)


@pytest.mark.parametrize(
    ("more", "written"),
    [
        ("?next=home", ...),
        ("?a=b&c=https://evil.test/", ...),
        ("#top", ...),
        ("?a#b?c", ...),
        ("?q=%E6%97%A5%20", ...),
        ("?q=日本", "?q=%E6%97%A5%E6%9C%AC"),
        ("?q=é è", "?q=%C3%A9%20%C3%A8"),
        ("?q=\u2028\\", "?q=%E2%80%A8%5C"),
    ],
)
async def test_the_query_of_an_address_is_the_applications_own(browser, provider, more, written):
    session = await browser.sign_in()

    response = await browser.http.get(OUT, params=WISH | {"returnTo": LOGGED_OUT + more})

    wanted = LOGGED_OUT + (more if written is ... else written)
    assert (response.status_code, response.headers["location"]) == (302, wanted)
    assert not await is_live(provider, session)


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        (WISH | {"returnTo": "https://evil.test/"}, 400),
        (WISH | {"returnTo": f"{LOGGED_OUT}/x?x=1"}, 400),
        (WISH | {"returnTo": f"https://evil.test/?{LOGGED_OUT}"}, 400),
        (WISH | {"returnTo": f"https://evil.test/#{LOGGED_OUT}"}, 400),
        (WISH | {"returnTo": TENANT_LOGGED_OUT[0]}, 400),
        (WISH | {"returnTo": "javascript:alert(1)"}, 400),
        ({"returnTo": LOGGED_OUT}, 400),
        ({"client_id": "nobody", "returnTo": LOGGED_OUT}, 400),
        ({"client_id": "nobody"}, 400),
        (WISH | {"returnTo": "x" * 2049}, 400),
        (WISH | {"auth0Client": "x" * 2049}, 400),
        ([("returnTo", LOGGED_OUT), ("returnTo", LOGGED_OUT), ("client_id", "acme-web")], 400),
    ],
)
async def test_an_address_that_is_not_listed_gets_a_page_and_signs_nobody_out(
    browser, provider, wish, status
):
    session = await browser.sign_in()

    response = await browser.http.get(OUT, params=wish)

    assert response.status_code == status
    assert "location" not in response.headers
    assert await is_live(provider, session)


@pytest.mark.parametrize(
    ("path", "goes_to"),
    [
        (f"{OUT}?client_id=acme-web", LOGGED_OUT),
        (f"{OUT}?client_id=acme-web&returnTo=", LOGGED_OUT),
        (f"{OUT}?returnTo=https%3A%2F%2Facme.test%2F", "https://acme.test/"),
        (OUT, "https://acme.test/bye"),
        (f"{OUT}?federated", "https://acme.test/bye"),
        (f"{OUT}?federated&client_id=acme-web", LOGGED_OUT),
        (f"{OUT}?federated=&client_id=acme-web&returnTo=https://app.test/", LOGGED_OUT),
    ],
)
async def test_people_go_where_the_lists_say(browser, provider, path, goes_to):
    session = await browser.sign_in()

    response = await browser.http.get(path)

    assert (response.status_code, response.headers["location"]) == (302, goes_to)
    assert not await is_live(provider, session)


async def test_without_any_address_the_person_sees_that_it_worked(browser, provider):
    provider.clients["acme-web"] = a_client(logout_urls=())
    session = await browser.sign_in()

    assert (await browser.http.get(OUT, params={"client_id": "acme-web"})).text == "signed out"
    assert not await is_live(provider, session)


async def test_somebody_who_is_not_signed_in_goes_straight_back(browser):
    response = await browser.http.get(OUT, params=WISH)
    assert (response.status_code, response.headers["location"]) == (302, LOGGED_OUT)


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_c_05_a_form_from_elsewhere_signs_nobody_out(browser, provider, headers):
    session = await browser.sign_in()
    await browser.http.get(OUT, params=WISH, headers={"Referer": "https://evil.test/"})

    form = form_of(browser)
    assert (await press(browser, form, headers=headers)).status_code == 403
    assert (await press(browser, form | {"csrf": "1.x"})).status_code == 403
    assert await is_live(provider, session)


async def test_the_other_button_signs_out_everywhere(browser, provider):
    there = await provider.browser().sign_in()
    others = await provider.browser().sign_in(BOB)
    here = await browser.sign_in()
    await browser.http.get(OUT, params=WISH, headers={"Referer": "https://evil.test/"})

    assert where(await press(browser, form_of(browser) | {"everywhere": "true"})) == LOGGED_OUT

    assert not await is_live(provider, here)
    assert not await is_live(provider, there)
    assert await is_live(provider, others)


def form_of(browser):
    seen = browser.provider.pages.seen
    return {**dict(seen["fields"]), "csrf": seen["csrf"]}


async def press(browser, form, headers=None):
    return await browser.http.post(
        f"{OUT}/confirm", data=form, headers=headers or {"Sec-Fetch-Site": "same-origin"}
    )
