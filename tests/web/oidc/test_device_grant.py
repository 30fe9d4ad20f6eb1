"""How a device polls, and what it gets: RFC 8628 sections 3.4 and 3.5 on the wire."""

import jwt
import pytest

from tests.support.devices import (
    API,
    GRANT_TYPE,
    a_house_with_a_tv,
    allowed,
    codes,
    poll,
    sign_in,
    type_code,
)
from tests.support.house import House
from tests.support.places import AND_TWO_NODES

pytestmark = pytest.mark.at(*AND_TWO_NODES)


@pytest.fixture
async def house(tmp_path):
    async with a_house_with_a_tv(tmp_path) as house:
        yield house


async def told(house: House, device_code: str, **members: str | None) -> tuple[int, str]:
    answer = await poll(house, device_code, **members)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["error"]


def claims_of(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


async def test_while_nobody_has_answered_the_device_is_to_ask_again(house):
    device_code = (await codes(house))["device_code"]

    for _ in range(3):
        assert await told(house, device_code) == (400, "authorization_pending")
        house.clock.advance(5)


async def test_who_asks_too_soon_waits_five_seconds_longer_each_time(house):
    device_code = (await codes(house))["device_code"]
    waits = [0, 4, 9, 15, 20, 19]
    answers = []
    for wait in waits:
        house.clock.advance(wait)
        answers.append((await told(house, device_code))[1])

    # 5 s at first; 4 was too soon: 10; 9 was: 15; 15 and 20 were not; 19 is long enough too.
    assert answers == [
        "authorization_pending",
        "slow_down",
        "slow_down",
        "authorization_pending",
        "authorization_pending",
        "authorization_pending",
    ]
    house.clock.advance(14)
    assert await told(house, device_code) == (400, "slow_down")


async def test_an_allowed_device_gets_tokens_that_say_who_when_and_how(house):
    phone = house.browser()
    found = await allowed(house, phone)
    at = int(house.clock.now().timestamp())
    house.clock.advance(60)
    answer = await poll(house, found["device_code"])
    tokens = answer.json()
    claims = claims_of(tokens["id_token"])

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert tokens["token_type"] == "Bearer"
    assert tokens["scope"] == "openid email"
    assert "refresh_token" not in tokens
    assert claims["aud"] == "acme-tv"
    assert claims["email"] == "alice@example.com"
    assert claims["auth_time"] == at
    assert claims["amr"]
    assert claims["sid"]
    assert "nonce" not in claims
    async with house.http(Authorization=f"Bearer {tokens['access_token']}") as http:
        assert (await http.get("/userinfo")).json()["sub"] == claims["sub"]


async def test_an_answer_is_given_however_soon_the_device_asks(house):
    phone = house.browser()
    device_code = (await codes_polled_twice(house, phone))["device_code"]

    assert (await poll(house, device_code)).status_code == 200


async def codes_polled_twice(house, phone):
    found = await codes(house)
    question = await sign_in(house, phone, await type_code(phone, found["user_code"]))
    await poll(house, found["device_code"])
    await phone.post(question)
    return found


async def test_for_offline_access_there_is_a_refresh_token(house):
    found = await allowed(house, house.browser(), scope="openid offline_access")
    tokens = (await poll(house, found["device_code"])).json()
    async with house.http() as http:
        again = await http.post(
            "/oauth/token",
            data={
                "grant_type": "refresh_token",
                "client_id": "acme-tv",
                "refresh_token": tokens["refresh_token"],
            },
        )

    assert again.status_code == 200
    assert claims_of(again.json()["id_token"])["sub"] == claims_of(tokens["id_token"])["sub"]


async def test_for_an_api_the_access_token_is_signed(house):
    found = await allowed(
        house, house.browser(), scope="openid films:watch films:steal", audience=API.identifier
    )
    tokens = (await poll(house, found["device_code"])).json()
    claims = claims_of(tokens["access_token"])

    assert tokens["scope"] == "openid films:watch"
    assert API.identifier in claims["aud"]
    assert claims["client_id"] == "acme-tv"


async def test_a_device_code_works_once(house):
    found = await allowed(house, house.browser())
    assert (await poll(house, found["device_code"])).status_code == 200

    assert await told(house, found["device_code"]) == (400, "invalid_grant")


async def test_a_refused_device_is_told_so_each_time(house):
    phone = house.browser()
    found = await codes(house)
    question = await type_code(phone, found["user_code"])
    await phone.post(question, next(form for form in question.forms if form.endswith("/deny")))

    for _ in range(2):
        assert await told(house, found["device_code"]) == (400, "access_denied")


async def test_after_fifteen_minutes_the_code_has_expired_answered_or_not(house):
    waiting = await codes(house)
    found = await allowed(house, house.browser())
    house.clock.advance(900)

    assert await told(house, waiting["device_code"]) == (400, "expired_token")
    assert await told(house, found["device_code"]) == (400, "expired_token")


async def test_another_client_gets_nothing_and_uses_nothing_up(house):
    found = await allowed(house, house.browser())

    assert await told(house, found["device_code"], client_id="mallory-tv") == (400, "invalid_grant")
    assert (await poll(house, found["device_code"])).status_code == 200


@pytest.mark.parametrize("device_code", ["x", "x" * 43, "BDWP-HQPK", "é\U0001f98a", "x" * 5000])
async def test_what_is_no_device_code_is_refused(house, device_code):
    assert await told(house, device_code) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("members", "status", "error"),
    [
        ({"device_code": ""}, 400, "invalid_request"),
        ({"device_code": None}, 400, "invalid_request"),
        ({"client_id": "acme-web"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
    ],
)
async def test_what_is_missing_is_told(house, members, status, error):
    sent = {"device_code": "x" * 43, **members}

    assert await told(house, **sent) == (status, error)


async def test_a_device_code_that_comes_twice_is_refused(house):
    async with house.http() as http:
        answer = await http.post(
            "/oauth/token",
            content=f"grant_type={GRANT_TYPE}&client_id=acme-tv&device_code=a&device_code=b",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
