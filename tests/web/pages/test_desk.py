"""What the handlers share."""

import re

import pytest

from latchstring.web.pages.desk import Desk, brand_of
from tests.support.house import Browser, House, Page, a_client_settings
from tests.support.quick_house import a_quick_house

ALICE = "alice@example.com"


def desk_of(house: House) -> Desk:
    desk = house.application.fallback.on_error.desk  # type: ignore[attr-defined]  # the pages' own
    assert isinstance(desk, Desk)
    return desk


def mark(browser: Browser) -> str:
    return next((c.value or "" for c in browser.http.cookies.jar if "known" in c.name), "")


async def test_nobody_s_brand_is_none(house):
    assert brand_of(None) is None
    assert desk_of(house).client("nobody") is None


async def test_an_application_s_brand_is_what_the_operator_wrote(tmp_path):
    look = {
        "logo_url": "https://acme.example/logo.svg",
        "color": "#7a2fd0",
        "terms_url": "https://acme.example/terms",
        "privacy_url": "https://acme.example/privacy",
        "support_email": "help@acme.example",
    }
    async with a_quick_house(tmp_path, clients=(a_client_settings(**look),)) as house:
        page = await house.browser().authorize()
        found = page.response.text + (await help_of(house, page)).response.text
        for value in look.values():
            assert value in found


async def help_of(house: House, page: Page) -> Page:
    """Open the help that a page links to."""
    (url,) = re.findall(r'href="(/help[^"]*)"', page.response.text)
    return await house.browser().get(url)


async def test_the_help_of_nobody_in_particular_names_nobody(house):
    for query in ("", "?client_id=", "?client_id=nobody"):
        page = await house.browser().get("/help" + query)
        assert page.status == 200
        assert "Acme" not in page.text


async def test_a_form_is_bound_only_where_one_is_shown(house):
    desk = desk_of(house)
    assert desk.frame(None).csrf == ""
    assert desk.frame(None, "browser").csrf


async def test_a_browser_is_known_once_it_has_signed_in(house):
    browser = house.browser()
    page = await browser.ask()
    assert mark(browser) == ""
    await browser.post(page, code=await house.code())
    assert mark(browser).count(".") == 3


@pytest.mark.parametrize("starts", [1, 2, 3, 4, 9])
async def test_the_wait_grows_with_each_press_up_to_its_last_step(house, starts):
    from types import SimpleNamespace  # noqa: PLC0415 - for this one test

    now = house.clock.now()
    request = SimpleNamespace(last_start_at=now, starts=starts)
    sign_in = SimpleNamespace(request=request)
    opens = desk_of(house).resend_opens(sign_in)  # type: ignore[arg-type]  # the two it looks at
    assert (opens - now).total_seconds() == {1: 30, 2: 60}.get(starts, 120)


async def test_before_the_first_start_nothing_has_to_be_waited_for(house):
    from types import SimpleNamespace  # noqa: PLC0415 - for this one test

    sign_in = SimpleNamespace(request=SimpleNamespace(last_start_at=None, starts=0))
    desk = desk_of(house)
    assert desk.resend_opens(sign_in) == house.clock.now()  # type: ignore[arg-type]  # all of a sign-in that it reads


async def test_pages_and_messages_speak_the_language_that_the_application_named(house, monkeypatch):
    desk = desk_of(house)
    monkeypatch.setattr(type(desk.languages), "choose", lambda _, *wishes: wishes[0] or "en")
    page = await house.browser().authorize(ui_locales="de")
    other = await house.browser().authorize()

    assert page.response.headers["content-language"] == "de"
    assert other.response.headers["content-language"] == "en"


async def test_a_window_is_cut_off_from_its_opener_unless_an_application_waits_for_its_end(house):
    alone = await house.browser().get("/activate")
    assert alone.response.headers["cross-origin-opener-policy"] == "same-origin"

    for mode in ("query", "fragment", "form_post", "web_message"):
        browser = house.browser()
        opened = await browser.authorize(response_mode=mode)
        asked = await browser.post(opened, email=ALICE)
        helped = await browser.get("/help?client_id=acme-web")
        for page in (opened, asked, helped):
            assert "cross-origin-opener-policy" not in page.response.headers
            assert page.response.headers["x-frame-options"] == "DENY"
