"""``POST /passwordless/verify``, as auth0.js sends it."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from latchstring.base.ids import ClientId
from tests.support.house import House, a_client_settings, a_public_client
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused

PAGE = "http://127.0.0.1:9100"
NUMBER = "+447700900123"
WRONG = "Wrong email or verification code."
TOO_MANY = "You've reached the maximum number of attempts. Please try to login again."


async def verify(house: House, code: str, **changes: Any) -> httpx2.Response:
    body = {
        "client_id": "acme-spa",
        "connection": "email",
        "email": "alice@example.com",
        "verification_code": code,
        **changes,
    }
    members = {name: value for name, value in body.items() if value is not None}
    async with house.http(Origin=PAGE, **{"Auth0-Client": "eyJuYW1lIjoiYXV0aDAuanMifQ=="}) as http:
        return await http.post("/passwordless/verify", json=members)


async def a_code(house: House, **members: Any) -> str:
    await house.start(client_id="acme-spa", client_secret=None, **members)
    return await house.code(members.get("phone_number") or "alice@example.com")


async def test_a_right_code_is_right_and_stays_so(house):
    code = await a_code(house)
    for _ in range(3):
        answer = await verify(house, code)
        assert (answer.status_code, answer.json()) == (200, {})
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in answer.headers
        assert "set-cookie" not in answer.headers
    body = {"client_id": "acme-spa", "client_secret": None}
    assert (await house.exchange(code, **body)).status_code == 200


async def test_a_texted_code_is_checked_with_its_number(house):
    code = await a_code(house, connection="sms", email=None, phone_number=NUMBER)
    answer = await verify(house, code, connection="sms", email=None, phone_number=NUMBER)
    assert answer.status_code == 200


async def test_the_older_names_of_the_members_do_as_well(house):
    members = {"email": None, "verification_code": None, "username": "alice@example.com"}
    code = await a_code(house)
    answer = await verify(house, "", **members, password=code, grant_type="password")
    assert answer.status_code == 200


async def test_a_wrong_code_counts_and_is_told_in_the_contract_s_words(house):
    code = await a_code(house)
    told = []
    for typed in ("000", "000", "000", code):
        answer = await verify(house, typed)
        assert_refused(answer, 401, "invalid_user_password")
        told.append(answer.json()["error_description"])
    assert told == [WRONG, WRONG, TOO_MANY, TOO_MANY]


async def test_a_code_that_expired_is_told_as_that(house):
    code = await a_code(house)
    house.clock.advance(601)
    answer = await verify(house, code)
    assert_refused(answer, 401, "invalid_user_password")
    assert "has expired" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"connection": None}, "Missing required parameter: connection"),
        ({"email": None}, "Missing required parameter: email"),
        ({"email": ""}, "Missing required parameter: email"),
        ({"verification_code": None}, "Missing required parameter: verification_code"),
        ({"connection": "twitter"}, "does not exist or is disabled"),
        ({"client_id": "nobody"}, "Unknown client_id"),
        ({"verification_code": 123456}, "verification_code must be text"),
        ({"email": ["alice@example.com"]}, "email must be text"),
    ],
)
async def test_what_is_missing_or_out_of_shape_is_named(house, changes, sentence):
    answer = await verify(house, "123456", **changes)
    assert_refused(answer, 400, "invalid_request")
    assert sentence in answer.json()["error_description"]


async def test_a_name_that_is_none_is_refused_as_a_wrong_code(house):
    answer = await verify(house, "123456", email="alice")
    assert_refused(answer, 401, "invalid_user_password")
    assert answer.json()["error_description"] == WRONG


async def test_a_page_that_names_no_client_is_known_by_its_origin(tmp_path):
    elsewhere = {"callbacks": ("https://web.acme.example/cb",), "web_origins": ()}
    clients = (a_client_settings(**elsewhere), a_public_client())
    async with a_quick_house(tmp_path, clients=clients) as house:
        code = await a_code(house)
        assert (await verify(house, code, client_id=None)).status_code == 200


async def test_a_client_that_registered_itself_takes_no_origin_away(tmp_path):
    elsewhere = {"callbacks": ("https://web.acme.example/cb",), "web_origins": ()}
    clients = (a_client_settings(**elsewhere), a_public_client())
    async with a_quick_house(tmp_path, clients=clients) as house:
        code = await a_code(house)
        known = house.installation.configuration.current.clients
        assert isinstance(known, dict)
        known["dyn_1"] = replace(known["acme-spa"], client_id=ClientId("dyn_1"), dynamic=True)
        assert (await verify(house, code, client_id=None)).status_code == 200


async def test_an_origin_of_two_clients_names_neither(house):
    code = await a_code(house)
    assert_refused(await verify(house, code, client_id=None), 400, "invalid_request")
