"""The page where a person types a device's code: nothing happens unasked, or in another browser."""

from datetime import timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from latchstring.base.settings import LimitSettings, Rate
from latchstring.db import statements
from latchstring.web.http import application
from tests.support.devices import (
    API,
    a_house_with_a_tv,
    a_tv,
    allowed,
    codes,
    poll,
    sign_in,
    type_code,
)
from tests.support.house import ORIGIN, House, Page, a_client_settings
from tests.support.places import AND_TWO_NODES, USUAL

pytestmark = pytest.mark.at(*AND_TWO_NODES)

ALICE, BOB = "alice@example.com", "bob@example.com"
GUESSES = LimitSettings(device_code_guesses_per_address=Rate(3, timedelta(hours=1)))
SQL = statements.parse("""
-- grants --
-- Whatever a request could have changed.
select state || coalesce(browser_digest, '') || coalesce(answered_at, 0) from device_grants

-- requests --
-- What a page of ours or an application asked for.
select count(*) from authorization_requests

-- given --
-- Authorization codes that were made.
select count(*) from authorization_codes
""")


@pytest.fixture
async def house(tmp_path):
    async with a_house_with_a_tv(tmp_path) as house:
        yield house


def form(page: Page, name: str) -> str:
    return next(action for action in page.forms if action.endswith(f"/{name}"))


async def told(house: House, tv: dict) -> str | None:
    return (await poll(house, tv["device_code"])).json().get("error")


async def found(house: House, name: str, kind: type = str):
    return await house.installation.database.read(lambda tx: tx.one(SQL[name], kind, {}))


async def test_a_typed_code_leads_to_a_question_that_names_the_application_and_the_code(house):
    tv, phone = await codes(house), house.browser()
    question = await type_code(phone, tv["user_code"])

    assert question.status == 200
    assert question.heading == "Sign in to Acme TV on a device?"
    assert tv["user_code"] in question.text
    assert "Only go on if the device is yours and in front of you" in question.text
    assert await told(house, tv) == "authorization_pending"


async def test_the_phone_signs_in_is_asked_again_and_the_television_is_signed_in(house):
    tv, phone = await codes(house), house.browser()
    question = await sign_in(house, phone, await type_code(phone, tv["user_code"]))

    assert ALICE in question.text
    assert tv["user_code"] in question.text
    assert await told(house, tv) == "authorization_pending"
    done = await phone.post(question, form(question, "allow"))
    assert done.heading == "You're signed in to Acme TV on your device"
    assert "You can close this page" in done.text
    assert (await poll(house, tv["device_code"])).status_code == 200
    assert await found(house, "given", int) == 0


async def test_who_is_signed_in_already_only_says_yes(house):
    phone = house.browser()
    await allowed(house, phone)
    tv = await codes(house)
    question = await type_code(phone, tv["user_code"])

    assert ALICE in question.text
    await phone.post(question, form(question, "allow"))
    assert (await poll(house, tv["device_code"])).status_code == 200


async def test_a_link_pressed_in_the_same_browser_leads_back_to_the_question(house):
    tv, phone = await codes(house), house.browser()
    asked = await phone.post(await type_code(phone, tv["user_code"]))
    await phone.post(asked, email=ALICE)
    link = await phone.get(await house.link())
    question = await phone.post(link)

    assert question.heading == "Sign in to Acme TV on a device?"
    assert ALICE in question.text


@pytest.mark.parametrize(
    "change", [str.lower, lambda code: code.replace("-", " "), "  {}\u2003".format]
)
async def test_however_a_person_writes_the_code_it_is_the_same(house, change):
    tv = await codes(house)
    question = await type_code(house.browser(), change(tv["user_code"]))

    assert tv["user_code"] in question.text


async def test_a_code_in_the_address_is_filled_in_and_nothing_more(house):
    tv, phone = await codes(house), house.browser()
    before = await found(house, "grants")
    page = await phone.get(tv["verification_uri_complete"])

    assert page.heading == "Sign in on a device"
    assert f'value="{tv["user_code"]}"' in page.response.text
    assert "Acme TV" not in page.text
    assert await found(house, "grants") == before
    question = await phone.post(page, user_code=tv["user_code"])
    assert question.heading == "Sign in to Acme TV on a device?"


async def test_no_get_changes_anything_however_often_it_comes(house):
    tv, phone = await codes(house), house.browser()
    question = await type_code(phone, tv["user_code"])
    before = await found(house, "grants"), await found(house, "requests", int)
    for action in ("", "/allow", "/deny", "/sign-in", "/other"):
        shown = await phone.get(f"{question.url}{action}")
        assert shown.heading == question.heading

    assert (await found(house, "grants"), await found(house, "requests", int)) == before


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter the code that your device shows, like BDWP-HQPK"),
        ("  ", "Enter the code that your device shows, like BDWP-HQPK"),
        ("1234", "The code is 8 letters, like BDWP-HQPK"),
        ("x" * 1000, "The code is 8 letters, like BDWP-HQPK"),
        ("BDWP-HQPK", "No device is waiting with that code."),
    ],
)
async def test_a_slip_is_told_in_words(house, typed, words):
    page = await type_code(house.browser(), typed)

    assert page.status == 200
    assert words in page.text


async def test_an_address_with_a_strange_code_is_no_crash(house):
    phone = house.browser()
    for query in ("user_code=", "user_code=%3Cscript%3E", f"user_code={'x' * 4000}", "other=1"):
        assert (await phone.get(f"/activate?{query}")).status == 200
    assert (await phone.get("/activate?user_code=a&user_code=b")).status == 400


async def test_dont_allow_ends_it_without_a_sign_in(house):
    tv, phone = await codes(house), house.browser()
    question = await type_code(phone, tv["user_code"])
    done = await phone.post(question, form(question, "deny"))

    assert done.heading == "The device was not allowed"
    assert await told(house, tv) == "access_denied"
    again = await type_code(phone, tv["user_code"])
    assert "No device is waiting with that code" in again.text


async def test_after_a_no_there_is_no_yes(house):
    tv, phone = await codes(house), house.browser()
    question = await sign_in(house, phone, await type_code(phone, tv["user_code"]))
    await phone.post(question, form(question, "deny"))
    done = await phone.post(question, form(question, "allow"))

    assert done.heading == "The device was not allowed"
    assert await told(house, tv) == "access_denied"


async def test_another_account_can_be_chosen_on_the_way(house):
    phone = house.browser()
    await allowed(house, phone)
    tv = await codes(house)
    question = await type_code(phone, tv["user_code"])
    asked = await phone.post(question, form(question, "other"))
    assert ALICE not in asked.text
    waiting = await phone.post(asked, email=BOB)
    question = await phone.post(waiting, code=await house.code(BOB))

    assert BOB in question.text
    await phone.post(question, form(question, "allow"))
    answer = await poll(house, tv["device_code"])
    async with house.http(Authorization=f"Bearer {answer.json()['access_token']}") as http:
        assert (await http.get("/userinfo")).json()["email"] == BOB


async def test_the_question_is_shown_in_the_browser_where_the_code_was_typed_alone(house):
    tv, phone, mallorys = await codes(house), house.browser(), house.browser()
    question = await type_code(phone, tv["user_code"])
    for _ in ("without a cookie", "with one"):
        assert (await mallorys.get(question.url)).url == f"{ORIGIN}/activate"
    refused = await mallorys.post(question, form(question, "deny"))
    assert refused.status == 404
    assert await told(house, tv) == "authorization_pending"


async def test_a_form_from_another_page_is_refused(house):
    tv, phone = await codes(house), house.browser()
    question = await sign_in(house, phone, await type_code(phone, tv["user_code"]))
    url = f"{ORIGIN}{form(question, 'allow')}"
    forged = [
        ({"csrf": question.csrf}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf": question.csrf}, {"Origin": "https://mallory.example"}),
        ({"csrf": "1.forged"}, {"Sec-Fetch-Site": "same-origin"}),
        ({"csrf": ""}, {"Sec-Fetch-Site": "same-origin"}),
    ]
    for data, headers in forged:
        answer = await phone.http.post(url, data=data, headers=headers)
        assert answer.status_code == 403

    assert await told(house, tv) == "authorization_pending"


async def test_a_yes_that_was_shown_to_alice_is_none_of_bobs(house):
    """The page lay open while somebody else signed in, in another tab of the same browser."""
    tv, phone = await codes(house), house.browser()
    question = await sign_in(house, phone, await type_code(phone, tv["user_code"]))
    asked = await phone.post(question, form(question, "other"))
    waiting = await phone.post(asked, email=BOB)
    await phone.post(waiting, code=await house.code(BOB))
    refused = await phone.post(question, form(question, "allow"))

    assert refused.status == 403
    assert "out of date" in refused.text
    assert await told(house, tv) == "authorization_pending"


async def test_a_browser_that_keeps_no_cookie_is_told_so(house):
    tv, phone = await codes(house), house.browser()
    page = await phone.get("/activate")
    phone.http.cookies.clear()
    refused = await phone.post(page, user_code=tv["user_code"])

    assert refused.status == 400
    assert refused.heading == "Your browser didn't send our cookie"


async def test_no_log_line_tells_a_code(house, monkeypatch):
    monkeypatch.setattr(application, "logger", structlog.get_logger())
    with capture_logs() as lines:
        phone = house.browser()
        tv = await allowed(house, phone)
        await phone.get(tv["verification_uri_complete"])
        await poll(house, tv["device_code"])

    written = str(lines)
    assert "/activate" in written
    assert tv["device_code"] not in written
    assert tv["user_code"] not in written
    assert tv["user_code"].replace("-", "") not in written


async def test_a_code_typed_in_a_second_browser_belongs_to_that_one(house):
    tv, phone, laptop = await codes(house), house.browser(), house.browser()
    first = await type_code(phone, tv["user_code"])
    second = await type_code(laptop, tv["user_code"])

    assert second.heading == first.heading
    assert (await phone.get(first.url)).url == f"{ORIGIN}/activate"


async def test_an_expired_code_says_so_and_offers_to_type_another(house):
    tv, phone = await codes(house), house.browser()
    question = await type_code(phone, tv["user_code"])
    house.clock.advance(900)
    late = await phone.get(question.url)

    assert (late.status, late.heading) == (410, "This code has expired")
    assert 'href="/activate"' in late.response.text
    pressed = await phone.post(question, form(question, "sign-in"))
    assert pressed.heading == "This code has expired"
    assert "No device is waiting" in (await type_code(phone, tv["user_code"])).text


async def test_wrong_codes_from_one_address_are_counted_and_the_limit_is_named(tmp_path):
    async with a_house_with_a_tv(tmp_path, limits=GUESSES) as house:
        tv, phone = await codes(house), house.browser()
        for _ in range(3):
            assert "No device is waiting" in (await type_code(phone, "BBBB-BBBB")).text
        # Fresh cookies buy nothing, and a right code is not even looked up.
        for browser in (phone, house.browser()):
            page = await type_code(browser, tv["user_code"])
            assert (page.status, page.heading) == (429, "Please wait a little")
            assert "Too many wrong device codes were entered from your network" in page.text
            assert page.response.headers["retry-after"] == "3600"
        house.clock.advance(3600)
        later = await codes(house)
        assert "Acme TV" in (await type_code(phone, later["user_code"])).text


async def test_right_codes_and_slips_are_not_counted(tmp_path):
    async with a_house_with_a_tv(tmp_path, limits=GUESSES) as house:
        phone = house.browser()
        for _ in range(5):
            tv = await codes(house)
            await type_code(phone, "12")
            assert "Acme TV" in (await type_code(phone, tv["user_code"])).text


async def test_who_is_signed_in_goes_on_guessing_from_no_other_address(tmp_path):
    async with a_house_with_a_tv(tmp_path, limits=GUESSES) as house:
        phone = house.browser()
        await allowed(house, phone)
        for _ in range(3):
            await type_code(phone, "BBBB-BBBB")
        async with house.http(ip="198.51.100.77") as elsewhere:
            elsewhere.cookies = phone.http.cookies
            phone.http = elsewhere
            assert (await type_code(phone, "BBBB-BBBB")).status == 429


async def test_somebody_elses_application_tells_what_it_wants_to_know(house):
    scope = "openid email films:watch"
    tv = await codes(house, client_id="mallory-tv", scope=scope, audience=API.identifier)
    page = await type_code(house.browser(), tv["user_code"])

    assert "Mallory TV is not one of our own applications" in page.text
    assert "Your email address" in page.text
    assert "Your phone number" not in page.text
    assert "it will use Acme API" in page.text
    assert "films:watch" in page.text


async def test_the_operators_own_asks_for_nothing_that_is_listed(house):
    tv = await codes(house, scope="openid email films:watch", audience=API.identifier)
    page = await type_code(house.browser(), tv["user_code"])

    assert "not one of our own" not in page.text
    assert "Acme API" not in page.text


@pytest.mark.parametrize(
    "members", [{"scope": "unheard-of"}, {"scope": "films:watch", "audience": API.identifier}]
)
async def test_somebody_else_s_application_is_called_that_whatever_it_asks_for(house, members):
    tv = await codes(house, client_id="mallory-tv", **members)
    question = await type_code(house.browser(), tv["user_code"])

    assert "Mallory TV is not one of our own applications" in question.text
    assert "Who you are here" in question.text


async def test_the_page_is_in_nobodys_frame_and_in_no_cache(house):
    page = await house.browser().get("/activate")

    assert "no-store" in page.response.headers["cache-control"]
    assert "frame-ancestors 'none'" in page.response.headers["content-security-policy"]


async def test_no_application_can_ask_for_a_sign_in_that_ends_here(house):
    for response_mode in ("here", "HERE"):
        page = await house.browser().authorize(response_mode=response_mode)
        assert page.query.get("error") == "invalid_request"


@pytest.mark.at(*USUAL)  # it is taken from one node's memory
async def test_a_client_that_is_gone_meanwhile_is_asked_about_no_more(tmp_path):
    async with a_house_with_a_tv(tmp_path) as house:
        tv, phone = await codes(house), house.browser()
        question = await type_code(phone, tv["user_code"])
        current = house.installation.configuration.current
        del current.clients[a_tv().client_id]  # type: ignore[attr-defined]  # a dict in tests
        page = await phone.get(question.url)

        assert page.status == 410
        assert (await phone.post(question, form(question, "sign-in"))).status == 410


async def test_the_sign_in_goes_by_what_the_application_offers(tmp_path):
    tv_settings = a_tv(connections=("sms",))
    async with a_house_with_a_tv(tmp_path, clients=(a_client_settings(), tv_settings)) as house:
        tv, phone = await codes(house), house.browser()
        asked = await phone.post(await type_code(phone, tv["user_code"]))

        assert "Mobile number" in asked.text
