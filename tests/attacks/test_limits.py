"""L: limits hold whoever asks from wherever by whatever way, and hurt nobody else."""

import asyncio
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx2
import pytest

from latchstring.base.settings import LimitSettings, Rate
from tests.support.dump import rows
from tests.support.house import CALLBACK, SECRET, House, a_client_settings, a_public_client
from tests.support.places import ALL
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused, assert_refused_page

pytestmark = pytest.mark.at(*ALL)

PUBLIC: dict[str, Any] = {"client_id": "acme-spa", "client_secret": None}
SMS: dict[str, Any] = {"connection": "sms", "email": None}
ALICE = "alice@example.com"


def rate(text: str) -> Rate:
    count, _, unit = text.partition("/")
    return Rate(int(count), timedelta(hours=1) if unit == "h" else timedelta(days=1))


def limits(**changes: str) -> LimitSettings:
    rates: dict[str, Any] = {name: rate(text) for name, text in changes.items()}
    return LimitSettings(**rates)


async def start(http: httpx2.AsyncClient, email: str, **members: Any) -> httpx2.Response:
    """Ask as Acme's single-page application does, from this client's address."""
    body = {"client_id": "acme-spa", "connection": "email", "email": email, "send": "code"}
    return await http.post("/passwordless/start", json={**body, **members})


async def guess(http: httpx2.AsyncClient, email: str = ALICE) -> httpx2.Response:
    grant = "http://auth0.com/oauth/grant-type/passwordless/otp"
    body = {"grant_type": grant, "client_id": "acme-spa", "realm": "email"}
    return await http.post("/oauth/token", json={**body, "username": email, "otp": "000000"})


async def sent(house: House) -> int:
    house.inbox.clear()
    await house.deliver()
    return len(house.inbox.list())


async def test_l_01_the_eleventh_start_is_refused_and_says_which_limit_and_until_when(house, log):
    for _ in range(10):
        assert (await house.start()).status_code == 200
        await house.deliver()
        house.clock.advance(60)
    answer = await house.start()
    assert_refused(answer, 429, "too_many_requests", log)
    assert "starts_per_identifier" in answer.json()["error_description"]
    assert 0 < int(answer.headers["retry-after"]) <= 3000 + 1
    assert answer.headers["x-ratelimit-limit"] == "10"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    reset = int(answer.headers["x-ratelimit-reset"])
    assert reset == int(house.clock.now().timestamp()) + int(answer.headers["retry-after"])
    await house.deliver()
    assert len(house.inbox.list()) == 10


async def test_l_01_the_limit_ends_when_it_said(house):
    for _ in range(10):
        await house.start()
    answer = await house.start()
    house.clock.advance(int(answer.headers["retry-after"]) - 2)
    assert (await house.start()).status_code == 429
    house.clock.advance(2)
    assert (await house.start()).status_code == 200


async def test_l_01_the_page_says_it_in_words_with_another_way(house, log):
    browser = house.browser()
    for _ in range(10):
        await house.start()
    page = await browser.ask()
    assert_refused_page(page, 429, log)
    assert int(page.response.headers["retry-after"]) > 0
    assert "Use your mobile number instead" in page.text
    assert await sent(house) == 10


async def test_l_01_what_was_refused_spends_no_other_limit(tmp_path: Path):
    async with a_quick_house(tmp_path, limits=limits(starts_per_address="3/h")) as house:
        async with house.http() as http:
            for _ in range(10):
                await house.start()
            assert [(await start(http, ALICE)).status_code for _ in range(5)] == [429] * 5
            others = [(await start(http, f"p{n}@example.com")).status_code for n in range(4)]
        assert others == [200, 200, 200, 429]


@pytest.mark.parametrize("spelling", [" Alice@EXAMPLE.com", "ALICE@example.com\t", ALICE])
async def test_l_04_spellings_of_one_address_share_one_limit(house, spelling):
    for _ in range(10):
        await house.start()
    assert (await house.start(spelling)).status_code == 429


async def test_l_04_spellings_of_one_number_share_one_limit(house):
    browser = house.browser()
    for _ in range(10):
        await house.start(**SMS, phone_number="+447700900123")
    first = await browser.authorize()
    for typed in ("07700 900123", "+44 7700 900123", "0044 7700 900 123"):
        page = await browser.get(first.url + "/phone")
        page = await browser.post(page, phone=typed, country="GB")
        assert page.status == 429


FORGED = [
    "X-Forwarded-For",
    "X-Real-IP",
    "Forwarded",
    "CF-Connecting-IP",
    "True-Client-IP",
    "X-Client-IP",
    "auth0-forwarded-for",
]


@pytest.mark.parametrize("name", FORGED)
async def test_l_05_addresses_that_an_untrusted_peer_claims_are_ignored(tmp_path, name):
    async with a_quick_house(tmp_path, limits=limits(starts_per_address="20/h")) as house:
        statuses = []
        for number in range(40):
            value = f"198.51.100.{number}" if name != "Forwarded" else f"for=198.51.100.{number}"
            async with house.http(**{name: value}) as http:
                statuses.append((await start(http, f"p{number}@example.com")).status_code)
    assert statuses == [200] * 20 + [429] * 20


async def test_l_05_a_thousand_claimed_addresses_are_one(house):
    async with house.http(**{"X-Forwarded-For": ", ".join(["203.0.113.9"] * 1000)}) as http:
        statuses = [(await start(http, f"p{n}@example.com")).status_code for n in range(51)]
    assert statuses == [200] * 50 + [429]


async def test_l_05_a_configured_proxy_is_believed_about_the_client(tmp_path):
    proxies = (ip_network("10.0.0.0/8"),)
    settings = {"trusted_proxies": proxies, "limits": limits(starts_per_address="2/h")}
    async with a_quick_house(tmp_path, **settings) as house:
        statuses = []
        for number in range(6):
            address = f"198.51.100.{number // 3}"
            async with house.http(ip="10.1.2.3", **{"X-Forwarded-For": address}) as http:
                statuses.append((await start(http, f"p{number}@example.com")).status_code)
    assert statuses == [200, 200, 429] * 2


async def test_l_05_what_stands_before_the_proxy_s_own_entry_is_not_believed(tmp_path):
    proxies = (ip_network("10.0.0.0/8"),)
    settings = {"trusted_proxies": proxies, "limits": limits(starts_per_address="2/h")}
    async with a_quick_house(tmp_path, **settings) as house:
        statuses = []
        for number in range(4):
            claimed = f"192.0.2.{number}, 198.51.100.7, 10.9.9.9"
            async with house.http(ip="10.1.2.3", **{"X-Forwarded-For": claimed}) as http:
                statuses.append((await start(http, f"p{number}@example.com")).status_code)
    assert statuses == [200, 200, 429, 429]


async def test_l_05_a_client_with_a_secret_is_not_limited_by_its_servers_address(house):
    statuses = [(await house.start(f"p{n}@example.com")).status_code for n in range(60)]
    assert statuses == [200] * 60


async def test_l_06_a_whole_ipv6_64_is_one_address(tmp_path):
    async with a_quick_house(tmp_path, limits=limits(starts_per_address="3/h")) as house:
        statuses = []
        for number in range(6):
            async with house.http(ip=f"2001:db8:1:2:{number:x}::{number:x}") as http:
                statuses.append((await start(http, f"p{number}@example.com")).status_code)
        async with house.http(ip="2001:db8:1:3::1") as http:
            neighbor = (await start(http, "neighbor@example.com")).status_code
    assert statuses == [200, 200, 200, 429, 429, 429]
    assert neighbor == 200


async def test_l_06_a_mapped_address_is_the_address_it_maps(tmp_path):
    async with a_quick_house(tmp_path, limits=limits(starts_per_address="2/h")) as house:
        statuses: list[int] = []
        for ip in ("192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207", "::ffff:192.0.2.8"):
            async with house.http(ip=ip) as http:
                statuses.append((await start(http, f"p{len(statuses)}@example.com")).status_code)
    assert statuses == [200, 200, 429, 200]


async def test_l_08_of_200_parallel_starts_exactly_ten_are_sent(house):
    answers = await asyncio.gather(*(house.start() for _ in range(200)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (10, 190)
    assert await sent(house) == 10


async def test_l_09_no_change_of_clothes_gives_a_fresh_limit(tmp_path):
    clients = (a_client_settings(), a_public_client())
    async with a_quick_house(tmp_path, clients=clients) as house:
        for number in range(10):
            ip, agent = f"203.0.113.{number}", f"Agent/{number}"
            async with house.http(ip=ip, **{"User-Agent": agent}) as http:
                assert (await start(http, ALICE)).status_code == 200
        assert (await house.start()).status_code == 429
        assert (await house.start(send="both")).status_code == 429
        assert (await house.start(**PUBLIC)).status_code == 429
        assert (await house.browser().ask()).status == 429


async def test_l_09_wrong_answers_of_one_address_are_limited_whomever_they_are_for(tmp_path, log):
    async with a_quick_house(tmp_path, limits=limits(wrong_answers_per_address="5/d")) as house:
        async with house.http(ip="203.0.113.5") as http:
            for number in range(5):
                await start(http, f"p{number}@example.com")
                answer = await guess(http, f"p{number}@example.com")
                assert_refused(answer, 403, "invalid_grant", log)
            await start(http, ALICE)
            answer = await guess(http)
            assert_refused(answer, 429, "too_many_requests", log)
            assert "wrong_answers_per_address" in answer.json()["error_description"]
            assert int(answer.headers["retry-after"]) > 0
        async with house.http(ip="203.0.113.5") as http:
            assert (await guess(http)).status_code == 429
        browser = house.browser()
        async with house.http(ip="203.0.113.6") as http:
            assert (await guess(http)).status_code == 403
        assert (await browser.post(await browser.ask("bob@example.com"), code="1")).status == 200


async def test_l_09_the_code_page_tells_of_that_limit_in_words(tmp_path, log):
    async with a_quick_house(tmp_path, limits=limits(wrong_answers_per_address="2/d")) as house:
        browser = house.browser()
        page = await browser.ask()
        for _ in range(2):
            page = await browser.post(page, code="000000")
        page = await browser.post(page, code="000000")
        assert_refused_page(page, 429, log)


async def test_l_09_right_and_repeated_answers_spend_nothing_of_it(tmp_path):
    async with a_quick_house(tmp_path, limits=limits(wrong_answers_per_address="1/d")) as house:
        for _ in range(3):
            await house.start(**PUBLIC)
            code = await house.code()
            assert (await house.exchange(code, **PUBLIC)).status_code == 200
            assert (await house.exchange(code, **PUBLIC)).status_code == 403


async def test_l_10_a_range_of_numbers_is_limited_as_one_and_reported(house, log):
    numbers = [f"+4477009000{number:02}" for number in range(25)]
    answers = [await house.start(**SMS, phone_number=number) for number in numbers]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 5
    assert_refused(answers[-1], 429, "too_many_requests", log)
    assert "sms_per_number_block" in answers[-1].json()["error_description"]
    assert await sent(house) == 20
    found = rows(house, "select * from events")
    assert any("pumping" in str(event).lower() for event in found)


async def test_l_10_an_installation_sends_only_so_many_texts_a_day(tmp_path, log):
    async with a_quick_house(tmp_path, limits=limits(sms_per_installation="2/d")) as house:
        numbers = ["+447700900001", "+12025550101", "+491713920001"]
        answers = [await house.start(**SMS, phone_number=number) for number in numbers]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert "sms_per_installation" in answers[-1].json()["error_description"]
        assert (await house.start()).status_code == 200


async def burn(house: House, email: str = ALICE, *, wrong: int) -> None:
    """Guess wrongly from many addresses, asking for new codes on the way as Mallory would."""
    for number in range(wrong):
        if number % 2 == 0:
            await house.start(email)
        code = await house.code(email)
        assert (await house.exchange("9" * len(code), email)).status_code == 403


async def test_l_13_burnt_guesses_stop_the_codes_but_the_link_still_signs_in(house):
    browser = house.browser()
    page = await browser.ask()
    code, link = await house.code(), await house.link()
    for _ in range(3):
        await house.exchange("000000")
    page = await browser.post(page, code=code)
    assert page.heading == "That was too many tries"
    assert (await house.exchange(code)).status_code == 403
    page = await browser.get(link)
    page = await browser.post(page)
    assert page.left_for.startswith(CALLBACK + "?code=")


async def test_l_13_past_the_budget_new_codes_have_ten_digits_and_old_short_ones_stop(house):
    await burn(house, wrong=10)
    short = await house.code()
    assert len(short) == 6
    await house.start()
    long = await house.code()
    assert len(long) == 10
    assert (await house.exchange(short)).status_code == 403
    assert (await house.exchange(long)).status_code == 200


async def test_l_13_a_success_does_not_refill_the_budget(house):
    await burn(house, wrong=10)
    await house.start()
    assert (await house.exchange(await house.code())).status_code == 200
    await house.start()
    assert len(await house.code()) == 10


async def test_l_13_the_budget_is_whole_again_after_a_day(house):
    await burn(house, wrong=10)
    house.clock.advance(23 * 3600)
    await house.start()
    assert len(await house.code()) == 10
    house.clock.advance(3 * 3600)
    await house.start()
    assert len(await house.code()) == 6


async def test_l_13_a_hundred_wrong_answers_a_month_are_remembered_longer(tmp_path):
    changed = LimitSettings(
        wrong_answers_per_identifier_per_month=4, starts_per_identifier=rate("99/h")
    )
    async with a_quick_house(tmp_path, limits=changed) as house:
        await burn(house, wrong=4)
        house.clock.advance(29 * 24 * 3600)
        await house.start()
        assert len(await house.code()) == 10
        house.clock.advance(2 * 24 * 3600)
        await house.start()
        assert len(await house.code()) == 6


async def test_l_13_links_work_throughout(house):
    await burn(house, wrong=10)
    await house.start(send="link")
    link = await house.link()
    browser = house.browser()
    page = await browser.post(await browser.get(link))
    assert page.left_for.startswith(CALLBACK + "?code=")


async def test_l_13_a_browser_that_signed_in_before_has_a_budget_of_its_own(house):
    owner = house.browser()
    await owner.post(await owner.ask(), code=await house.code())
    await burn(house, wrong=10)
    page = await owner.ask(prompt="login")
    code = await house.code()
    assert len(code) == 6
    assert (await house.exchange(code)).status_code == 403  # a stranger may not even try it
    house.clock.advance(1)
    page = await owner.post(page, code=code)
    assert page.left_for.startswith(CALLBACK + "?code=")


async def test_l_13_a_browser_that_signed_in_before_has_starts_of_its_own(house):
    owner = house.browser()
    await owner.post(await owner.ask(), code=await house.code())
    while (await house.start()).status_code == 200:
        pass
    assert (await house.browser().ask()).status == 429
    assert (await owner.ask(prompt="login")).heading == "Check your email"


async def test_l_13_one_s_own_wrong_answers_count_in_one_s_own_budget(house):
    owner = house.browser()
    await owner.post(await owner.ask(), code=await house.code())
    for _ in range(4):
        page = await owner.ask(prompt="login")
        for _ in range(3):
            await owner.post(page, code="0" * len(await house.code()))
    await owner.ask(prompt="login")
    assert len(await house.code()) == 10
    await house.start()
    assert len(await house.code()) == 6


async def test_l_13_another_person_s_mark_opens_no_budget(house):
    bob = house.browser()
    await bob.post(await bob.ask("bob@example.com"), code=await house.code("bob@example.com"))
    await burn(house, wrong=10)
    await bob.ask(prompt="login")
    assert len(await house.code()) == 10


async def test_a_start_that_is_verified_gives_its_address_its_unit_back(tmp_path):
    async with a_quick_house(tmp_path, limits=limits(starts_per_address="1/h")) as house:
        for number in range(3):
            email = f"p{number}@example.com"
            assert (await house.start(email, **PUBLIC)).status_code == 200
            code = await house.code(email)
            assert (await house.exchange(code, email, **PUBLIC)).status_code == 200
        assert (await house.start("last@example.com", **PUBLIC)).status_code == 200
        assert (await house.start("more@example.com", **PUBLIC)).status_code == 429


async def test_a_link_that_is_followed_gives_the_unit_back_too(tmp_path):
    async with a_quick_house(tmp_path, limits=limits(starts_per_address="1/h")) as house:
        for number in range(3):
            email = f"p{number}@example.com"
            browser = house.browser()
            assert (await browser.ask(email)).heading == "Check your email"
            await browser.post(await browser.get(await house.link(email)))


async def test_a_client_that_only_claims_an_id_is_limited_as_anybody(house, log):
    answer = await house.start(client_secret="wrong" * 8)
    assert_refused(answer, 403, "unauthorized_client", log)
    answer = await house.start(client_secret=None)
    assert_refused(answer, 403, "unauthorized_client", log)
    answer = await house.start(client_id="acme-spa", client_secret=SECRET)
    assert answer.status_code in (200, 403)
