"""Enter the code: the waiting page, its help, its status, and the answer."""

import re
from datetime import timedelta
from typing import Any

import pytest

from latchstring.base.settings import LimitSettings, Rate
from latchstring.domain.delivery.senders import Handed, SendError
from latchstring.domain.delivery.senders.inbox import InboxSender
from tests.support.dump import change
from tests.support.house import CALLBACK, Browser, Page
from tests.support.places import USUAL
from tests.support.quick_house import a_quick_house
from tests.support.refusals import said

ALICE, NUMBER = "alice@example.com", "+447700900123"


async def ask_by_phone(browser: Browser) -> Page:
    page = await browser.authorize()
    page = await browser.get(page.url + "/phone")
    return await browser.post(page, phone=NUMBER, country="GB")


async def status(browser: Browser, page: Page) -> dict[str, Any]:
    url = page.url.partition("?")[0].removesuffix("/code") + "/status"
    found: dict[str, Any] = (await browser.get(url)).response.json()
    return found


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


async def test_the_page_says_where_the_mail_went_from_whom_and_for_how_long(house):
    page = await house.browser().ask()
    assert page.heading == "Check your email"
    for words in (ALICE, "login@auth.acme.example", "10 minutes", "6 digits"):
        assert words in page.text


async def test_the_page_for_a_text_says_which_number(house):
    page = await ask_by_phone(house.browser())
    assert page.heading == "Check your phone"
    assert NUMBER in page.text
    assert "10 minutes" in page.text


async def test_a_right_code_leads_back_to_the_application(house):
    browser = house.browser()
    page = await browser.ask()
    page = await browser.post(page, code=await house.code())
    assert page.left_for.startswith(CALLBACK + "?code=")
    assert page.query["state"] == "a-state"


async def test_a_right_texted_code_does_too(house):
    browser = house.browser()
    page = await ask_by_phone(browser)
    page = await browser.post(page, code=await house.code(NUMBER))
    assert page.left_for.startswith(CALLBACK + "?code=")


@pytest.mark.parametrize("shape", ["{0} {1}", "{0}-{1}", " {0}{1} ", "{0}\u200b{1}", "#{0}{1}"])
async def test_a_code_is_taken_as_people_type_it(house, shape):
    browser = house.browser()
    page = await browser.ask()
    code = await house.code()
    page = await browser.post(page, code=shape.format(code[:3], code[3:]))
    assert page.left_for.startswith(CALLBACK)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter the code from the message."),
        (" - ", "Enter the code from the message."),
        ("12345", "The code is 6 digits. You entered 5."),
        ("1234567", "The code is 6 digits. You entered 7."),
        ("abcdef", "The code is 6 digits, like 482 913."),
        ("12a456", "The code is 6 digits, like 482 913."),
    ],
)
async def test_a_slip_is_told_and_costs_no_try(house, typed, sentence):
    browser = house.browser()
    page = await browser.ask()
    code = await house.code()
    for _ in range(5):
        page = await browser.post(page, code=typed)
        assert page.status == 200
        assert sentence in said(page)
    page = await browser.post(page, code=code)
    assert page.left_for.startswith(CALLBACK)


async def test_a_form_without_a_code_is_told_to_bring_one(house):
    browser = house.browser()
    page = await browser.post(await browser.ask())
    assert "Enter the code from the message." in page.text


async def test_wrong_codes_are_told_with_the_tries_that_are_left(house):
    browser = house.browser()
    page = await browser.ask()
    wrong = other(await house.code())
    page = await browser.post(page, code=wrong)
    assert "That code isn't right." in page.text
    assert "You have 2 tries left." in page.text
    page = await browser.post(page, code=wrong)
    assert "You have 1 try left." in page.text
    page = await browser.post(page, code=wrong)
    assert page.heading == "That was too many tries"


async def test_many_tries_left_are_not_counted_aloud(tmp_path):
    async with a_quick_house(tmp_path, email={"max_attempts": 9}) as house:
        browser = house.browser()
        page = await browser.ask()
        page = await browser.post(page, code=other(await house.code()))
        assert "That code isn't right." in page.text
        assert "left" not in page.text.partition("Nothing arrived")[0].partition("right.")[2][:40]


async def test_too_many_tries_are_mended_by_a_new_code(house):
    browser = house.browser()
    page = await browser.ask()
    wrong = other(await house.code())
    for _ in range(3):
        page = await browser.post(page, page.url.partition("?")[0], code=wrong)
    house.clock.advance(30)
    page = await browser.post(page, page.url.replace("/code", "/again"))
    page = await browser.post(page, code=await house.code())
    assert page.left_for.startswith(CALLBACK)


async def test_too_many_tries_by_phone_are_told_alike(house):
    browser = house.browser()
    page = await ask_by_phone(browser)
    wrong = other(await house.code(NUMBER))
    turns = [await browser.post(page, code=wrong) for _ in range(3)]
    assert turns[-1].heading == "That was too many tries"


async def test_an_expired_code_is_answered_with_a_new_one(house):
    browser = house.browser()
    page = await browser.ask()
    old = await house.code()
    house.clock.advance(601)
    page = await browser.post(page, code=old)
    assert "That code has expired. We've sent a new one to alice@example.com." in said(page)
    new = await house.code()
    assert new != old
    page = await browser.post(page, code=new)
    assert page.left_for.startswith(CALLBACK)


async def test_an_expired_code_is_only_told_where_no_new_one_may_be_sent(tmp_path):
    limits = LimitSettings(starts_per_identifier=Rate(1, timedelta(hours=1)))
    async with a_quick_house(tmp_path, limits=limits) as house:
        browser = house.browser()
        page = await browser.ask()
        old = await house.code()
        house.clock.advance(601)
        page = await browser.post(page, code=old)
        assert "That code has expired. Send a new one to go on." in page.text


async def test_an_expired_code_of_another_page_waits_for_this_page_s_turn(house):
    await house.start()
    old = await house.code()
    house.clock.advance(601)
    browser = house.browser()
    page = await browser.ask()
    page = await browser.post(page, code=old)
    assert "That code has expired. Send a new one to go on." in page.text
    assert len(await house.messages()) == 2


async def test_a_reloaded_page_does_not_claim_anew_that_it_sent(house):
    browser = house.browser()
    page = await browser.ask()
    house.clock.advance(30)
    page = await browser.post(page, page.forms[-1])
    assert "We've sent a new one to" in page.text
    house.clock.advance(31)
    page = await browser.get(page.url)
    assert "We've sent a new one to" not in page.text


async def test_a_form_that_was_sent_twice_is_answered_twice_alike(house):
    browser = house.browser()
    page = await browser.ask()
    fields = {"csrf": page.csrf, "code": await house.code()}
    answers = [await browser.http.post(page.forms[0], data=fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    page = await browser.get(answers[1].headers["location"])
    assert page.left_for.startswith(CALLBACK + "?code=")


async def test_a_page_whose_code_is_gone_still_tells_the_usual_figures(house):
    browser = house.browser()
    page = await browser.ask()
    change(house, "delete from challenges")
    page = await browser.get(page.url)
    assert "10 minutes" in page.text
    assert await status(browser, page) == {"sentence": "", "final": True}


@pytest.mark.parametrize("path", ["/code", "/nothing-arrived"])
async def test_before_anybody_said_who_they_are_there_is_nothing_to_wait_for(house, path):
    browser = house.browser()
    page = await browser.authorize()
    assert (await browser.get(page.url + path)).forms[0].endswith("/email")
    posted = await browser.post(page, page.url + "/code", code="123456")
    assert posted.forms[0].endswith("/email")
    assert await status(browser, page) == {"sentence": "", "final": True}


@pytest.mark.at(*USUAL)  # it is taken from one node's memory
async def test_a_way_in_that_was_taken_away_leads_back_to_the_start(house):
    browser = house.browser()
    page = await ask_by_phone(browser)
    current = house.installation.configuration.current
    object.__setattr__(current.clients["acme-web"], "connections", ("email",))
    for found in (
        await browser.get(page.url),
        await browser.post(page, code=await house.code(NUMBER)),
    ):
        assert found.left_for == ""
        assert found.forms[0].endswith("/email")


async def test_the_advice_stands_on_a_page_of_its_own(house):
    browser = house.browser()
    page = await browser.ask()
    page = await browser.get(page.url.replace("/code", "/nothing-arrived"))
    assert page.status == 200
    for words in ("spam", ALICE, "login@auth.acme.example"):
        assert words in page.text
    advice, button = page.text.index("spam"), page.text.rindex("Send")
    assert advice < button


async def test_the_status_tells_what_became_of_the_message(house):
    browser = house.browser()
    page = await browser.ask()
    assert await status(browser, page) == {
        "sentence": "The message is on its way out.",
        "final": False,
    }
    await house.deliver()
    assert (await status(browser, page))["sentence"] == "The message is on its way out."
    house.clock.advance(2)
    told = await status(browser, page)
    assert told["sentence"] == "The receiving side has accepted the message."


@pytest.mark.parametrize(
    ("permanent", "sentence", "final"),
    [
        (True, "The message could not be delivered.", True),
        (False, "The receiving side asked us to wait. We keep trying.", False),
    ],
)
async def test_the_status_tells_of_trouble(house, monkeypatch, permanent, sentence, final):
    async def fail(_sender: InboxSender, _parcel: object) -> Handed:
        raise SendError("no", permanent=permanent)

    monkeypatch.setattr(InboxSender, "send", fail)
    browser = house.browser()
    page = await browser.ask()
    await house.deliver()
    assert await status(browser, page) == {"sentence": sentence, "final": final}
    page = await browser.get(page.url)
    assert sentence in said(page)


async def test_where_strangers_may_not_sign_up_the_status_says_nothing(house):
    await house.change(sign_up=False)
    browser = house.browser()
    page = await browser.ask()
    assert await status(browser, page) == {"sentence": "", "final": True}
    await house.deliver()
    assert await status(browser, page) == {"sentence": "", "final": True}


async def test_the_status_of_a_finished_sign_in_is_the_end_of_asking(house):
    browser = house.browser()
    page = await browser.ask()
    await browser.post(page, code=await house.code())
    assert await status(browser, page) == {"sentence": "", "final": True}


async def test_the_page_tells_the_figures_of_what_was_sent_not_of_the_setting(house):
    browser = house.browser()
    page = await browser.ask()
    await house.change(code_length=8, code_lifetime=120)
    page = await browser.get(page.url)
    assert "10 minutes" in page.text
    assert "6 digits" in page.text
    page = await browser.post(page, code=await house.code())
    assert page.left_for.startswith(CALLBACK)


async def test_codes_of_two_lengths_are_both_taken(house):
    browser = house.browser()
    page = await browser.ask()
    short = await house.code()
    await house.change(code_length=8)
    await house.start()
    page = await browser.post(page, code=await house.code())
    assert page.left_for.startswith(CALLBACK)
    assert len(short) == 6


async def test_where_the_mail_holds_only_a_link_the_field_is_behind_a_question(house):
    await house.change(send="link")
    page = await house.browser().ask()
    assert re.search(r"<details(?! open)", page.response.text)
    assert "Enter a code instead" in page.text


async def test_a_known_mail_service_is_one_press_away(house):
    browser = house.browser()
    page = await browser.post(await browser.authorize(), email="alice@gmail.com")
    assert "https://mail.google.com/" in page.response.text
