"""Codes and refresh tokens raced for at two nodes at once: each request goes to the other one."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.conftest import FULL
from tests.support.devices import a_house_with_a_tv, allowed, poll
from tests.support.house import CALLBACK, SECRET, Browser, House
from tests.support.places import TWO_NODES

pytestmark = pytest.mark.at(TWO_NODES)

PARALLEL = 64
# 200 in all, in parts: no test takes minutes.
PARTS, ROUNDS = (10, 20) if FULL else (1, 5)
CREDENTIALS = {"client_id": "acme-web", "client_secret": SECRET}


@pytest.fixture
async def house(tmp_path):
    async with a_house_with_a_tv(tmp_path) as house:
        yield house


async def told(house: House, **members: str) -> tuple[int, dict[str, Any]]:
    async with house.http() as http:
        answer = await http.post("/oauth/token", data=CREDENTIALS | members)
    return answer.status_code, answer.json()


async def together(house: House, **members: str) -> list[tuple[int, dict[str, Any]]]:
    return await asyncio.gather(*(told(house, **members) for _ in range(PARALLEL)))


async def alices_browser(house: House) -> Browser:
    browser = house.browser()
    page = await browser.ask("alice@example.com")
    await browser.post(page, code=await house.code())
    return browser


async def a_code(browser: Browser) -> str:
    page = await browser.authorize(scope="openid offline_access")
    return page.query["code"]


async def is_active(house: House, token: str) -> bool:
    async with house.http() as http:
        answer = await http.post("/oauth/introspect", data={**CREDENTIALS, "token": token})
    active: bool = answer.json()["active"]
    return active


async def exchanged(house: House, code: str) -> dict[str, Any]:
    status, tokens = await told(
        house, grant_type="authorization_code", code=code, redirect_uri=CALLBACK
    )
    assert status == 200, tokens
    return tokens


@pytest.mark.parametrize("_part", range(PARTS))
async def test_of_64_exchanges_of_a_code_one_brings_tokens_and_a_later_replay_ends_them(
    house, _part
):
    browser = await alices_browser(house)
    for _ in range(ROUNDS):
        request = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
        request["code"] = await a_code(browser)
        answers = await together(house, **request)

        errors = Counter(found.get("error") for _, found in answers)
        assert errors == {None: 1, "invalid_grant": PARALLEL - 1}
        (tokens,) = [found for status, found in answers if status == 200]
        assert await is_active(house, tokens["access_token"])
        house.clock.advance(30)
        status, _ = await told(house, **request)
        assert status == 400
        assert not await is_active(house, tokens["access_token"])  # RFC 6749 section 4.1.2
        assert not await is_active(house, tokens["refresh_token"])


@pytest.mark.parametrize("_part", range(PARTS))
async def test_64_refreshes_bring_the_one_next_token_and_later_reuse_ends_the_family(house, _part):
    browser = await alices_browser(house)
    for _ in range(ROUNDS):
        first = (await exchanged(house, await a_code(browser)))["refresh_token"]
        answers = await together(house, grant_type="refresh_token", refresh_token=first)

        assert {status for status, _ in answers} == {200}
        (second,) = {found["refresh_token"] for _, found in answers}
        assert await is_active(house, second)
        house.clock.advance(11)
        stolen = await together(house, grant_type="refresh_token", refresh_token=first)
        assert {found["error"] for _, found in stolen} == {"invalid_grant"}
        assert not await is_active(house, second)


@pytest.mark.parametrize("_part", range(PARTS))
async def test_of_64_that_redeem_a_device_code_one_gets_tokens(house, _part):
    phone = house.browser()
    for _ in range(ROUNDS):
        tv = await allowed(house, phone)
        polls = (poll(house, tv["device_code"]) for _ in range(PARALLEL))
        answers = [answer.json() for answer in await asyncio.gather(*polls)]

        errors = Counter(found.get("error") for found in answers)
        assert errors == {None: 1, "invalid_grant": PARALLEL - 1}
