"""Who are you: the email page, the phone page, and the send-again button."""

import re

import pytest

from latchstring.flows.manage_clients import ManageClients
from tests.support.house import CALLBACK, Browser, House, Page, a_client_settings
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused_page, said

ALICE, NUMBER = "alice@example.com", "+447700900123"


async def signed_in(house: House, browser: Browser, email: str = ALICE) -> Page:
    page = await browser.ask(email)
    code = await house.code(email)
    house.clock.advance(1)
    return await browser.post(page, code=code)


async def phone_page(browser: Browser, **changes: str | None) -> Page:
    page = await browser.authorize(**changes)
    return await browser.get(page.url.removesuffix("/phone") + "/phone")


def value_of(page: Page, name: str) -> str:
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', page.response.text)
    found = re.search(r'value="([^"]*)"', tag[0]) if tag else None
    return found[1] if found else ""


async def test_the_first_page_asks_for_an_email_address_and_offers_the_phone(house):
    page = await house.browser().authorize()
    assert page.heading == "Sign in to Acme"
    assert page.forms[0].endswith("/email")
    assert "Use your mobile number instead" in page.text


async def test_an_application_without_email_asks_for_a_number_at_once(tmp_path):
    clients = (a_client_settings(connections=("sms",)),)
    async with a_quick_house(tmp_path, clients=clients) as house:
        browser = house.browser()
        page = await browser.authorize()
        assert page.forms[0].endswith("/phone")
        assert "Use your email address instead" not in page.text
        assert_refused_page(await browser.get(page.url + "/email"), 400)
        page = await browser.post(page, phone="+33639980012", country="GB")
        assert "We can't send SMS to numbers in France." in said(page)
        assert "Use your email address instead" not in page.text


async def test_an_application_without_any_way_in_is_told_so(tmp_path, log):
    async with a_quick_house(tmp_path) as house:
        browser = house.browser()
        page = await browser.authorize()
        current = house.installation.configuration.current
        object.__setattr__(current.clients["acme-web"], "connections", ("smoke",))
        page = await browser.get(page.url)
        assert_refused_page(page, 400, log)


@pytest.mark.parametrize(
    ("asked", "action", "name", "value"),
    [
        ({"login_hint": ALICE}, "email", "email", ALICE),
        ({"login_hint": NUMBER}, "phone", "phone", NUMBER),
        ({"login_hint": ALICE, "connection": "sms"}, "phone", "phone", ""),
        ({"connection": "sms"}, "phone", "phone", ""),
        ({"connection": "email"}, "email", "email", ""),
    ],
)
async def test_hints_of_the_application_choose_and_fill_the_page(house, asked, action, name, value):
    page = await house.browser().authorize(**asked)
    assert page.forms[0].endswith(f"/{action}")
    assert value_of(page, name) == value


async def test_a_person_who_comes_back_finds_what_they_typed(house):
    browser = house.browser()
    page = await browser.ask(ALICE)
    page = await browser.get(page.url.removesuffix("/code"))
    assert value_of(page, "email") == ALICE
    page = await browser.get(page.url + "/phone")
    assert value_of(page, "phone") == ""


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter your email address."),
        ("   ", "Enter your email address."),
        ("alice", "Enter an email address in the form name@example.com."),
        ("alice@", "Enter an email address in the form name@example.com."),
    ],
)
async def test_what_is_no_address_is_told_beside_the_field_that_keeps_it(house, typed, sentence):
    browser = house.browser()
    page = await browser.post(await browser.authorize(), email=typed)
    assert page.status == 200
    assert sentence in said(page)
    assert value_of(page, "email").strip() == typed.strip()


async def test_a_form_without_its_field_is_told_the_same(house):
    browser = house.browser()
    page = await browser.post(await browser.authorize())
    assert "Enter your email address." in page.text


async def test_a_likely_slip_is_asked_about_and_never_mended_silently(house):
    browser = house.browser()
    page = await browser.post(await browser.authorize(), email="alice@gmial.com")
    assert "alice@gmail.com" in page.text
    assert house.inbox.list() == ()
    insisted = await browser.post(page, email="alice@gmial.com", as_typed="alice@gmial.com")
    assert insisted.heading == "Check your email"
    assert [m.recipient for m in await house.messages("alice@gmial.com")] == ["alice@gmial.com"]


async def test_the_mended_address_may_be_taken(house):
    browser = house.browser()
    page = await browser.post(await browser.authorize(), email="alice@gmial.com")
    page = await browser.post(page, email="alice@gmail.com")
    assert page.heading == "Check your email"
    assert "alice@gmail.com" in page.text


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("07700 900123", "GB"),
        ("+44 7700 900123", "US"),
        ("0044 7700 900123", "US"),
        ("(07700) 900-123", "GB"),
        ("+447700900123", "XX"),
        ("+447700900123", ""),
    ],
)
async def test_a_number_is_read_with_its_country_or_its_prefix(house, typed, country):
    browser = house.browser()
    page = await browser.post(await phone_page(browser), phone=typed, country=country)
    assert page.heading == "Check your phone"
    assert (await house.newest(NUMBER)).code


@pytest.mark.parametrize(
    ("typed", "country", "sentence"),
    [
        ("", "GB", "Enter your mobile number."),
        ("12", "GB", "if it is outside United Kingdom"),
        ("x", "DE", "if it is outside Germany"),
        ("+33 6 39 98 00 12", "GB", "We can't send SMS to numbers in France. Use your email"),
        ("12", "FR", "Enter a mobile number"),
    ],
)
async def test_what_is_no_number_to_text_is_told_beside_the_field(house, typed, country, sentence):
    browser = house.browser()
    page = await browser.post(await phone_page(browser), phone=typed, country=country)
    assert page.status == 200
    assert sentence in said(page)
    assert house.inbox.list() == ()


async def test_the_chosen_country_stays_chosen(house):
    browser = house.browser()
    page = await browser.post(await phone_page(browser), phone="12", country="DE")
    assert re.search(r'value="DE"[^>]*selected', page.response.text)


async def test_the_browser_s_language_suggests_the_country(house):
    browser = house.browser(**{"Accept-Language": "en-GB,en;q=0.9"})
    page = await phone_page(browser)
    assert re.search(r'value="GB"[^>]*selected', page.response.text)


async def test_pressing_twice_sends_one_message(house):
    browser = house.browser()
    page = await browser.authorize()
    await browser.post(page, email=ALICE)
    again = await browser.post(page, email=ALICE)
    assert again.heading == "Check your email"
    assert len(await house.messages()) == 1


async def test_another_address_is_sent_to_at_once(house):
    browser = house.browser()
    page = await browser.authorize()
    await browser.post(page, email=ALICE)
    await browser.post(page, email="bob@example.com")
    assert len(await house.messages("bob@example.com")) == 1


async def test_after_the_wait_the_same_address_is_sent_to_again(house):
    browser = house.browser()
    page = await browser.authorize()
    await browser.post(page, email=ALICE)
    house.clock.advance(30)
    await browser.post(page, email=ALICE)
    assert len(await house.messages()) == 2


async def test_the_send_again_button_opens_after_30_60_and_120_seconds(house):
    browser = house.browser()
    page = await browser.ask()
    await house.deliver()
    sent = 1
    for wait in (30, 60, 120, 120):
        house.clock.advance(wait - 1)
        early = await browser.post(page, page.forms[-1])
        assert early.status == 429
        assert early.response.headers["retry-after"] == "1"
        house.clock.advance(1)
        page = await browser.post(page, page.forms[-1])
        assert "We've sent a new one to alice@example.com." in said(page)
        sent += 1
        assert len(await house.messages()) == sent


async def test_an_early_press_is_answered_with_the_advice(house):
    browser = house.browser()
    page = await browser.ask()
    page = await browser.post(page, page.forms[-1])
    assert_refused_page(page, 429)
    assert "spam" in page.text.lower()
    assert len(await house.messages()) == 1


async def test_sending_again_before_anybody_said_who_they_are_leads_to_the_first_page(house):
    browser = house.browser()
    page = await browser.authorize()
    again = await browser.post(page, page.url + "/again")
    assert again.forms[0].endswith("/email")


async def test_sending_again_is_limited_like_every_start(house):
    browser = house.browser()
    page = await browser.ask()
    for _ in range(9):
        await house.start()
    house.clock.advance(30)
    page = await browser.post(page, page.forms[-1])
    assert_refused_page(page, 429)
    assert "Enter a code you already have" in page.text


async def test_who_is_signed_in_may_continue_as_themselves(house):
    browser = house.browser()
    await signed_in(house, browser)
    house.clock.advance(1)
    page = await browser.authorize(prompt="select_account")
    assert ALICE in page.text
    page = await browser.post(page)
    assert page.left_for.startswith(CALLBACK + "?code=")


async def test_who_chooses_an_account_may_choose_another(house):
    browser = house.browser()
    await signed_in(house, browser)
    page = await browser.authorize(prompt="select_account")
    other = re.findall(r'href="([^"]*/email)"', page.response.text)[0]
    page = await browser.get(other)
    assert page.forms[0].endswith("/email")
    assert f"{page.url.removesuffix('/email')}/continue".endswith(page.forms[-1])


async def test_a_fresh_sign_in_is_not_shortened_by_an_old_one(house):
    browser = house.browser()
    await signed_in(house, browser)
    page = await browser.authorize(prompt="login")
    assert page.heading == "Sign in to Acme"
    assert all(not action.endswith("/continue") for action in page.forms)


async def test_an_application_that_was_removed_meanwhile_ends_its_sign_ins(house, log):
    browser = house.browser()
    page = await browser.authorize()
    manage = ManageClients(
        house.installation.database, house.clock, house.installation.configuration.refresh
    )
    await manage.remove("acme-web")
    page = await browser.get(page.url)
    assert_refused_page(page, 400, log)


async def test_where_strangers_may_not_sign_up_the_page_does_not_promise_it(house):
    welcome = await house.browser().authorize()
    await house.change(sign_up=False)
    page = await house.browser().authorize()
    assert "New here?" in welcome.text
    assert "New here?" not in page.text
