"""How a device begins: ``POST /oauth/device/code``."""

from datetime import timedelta

import pytest

from latchstring.base.settings import GrantType, LimitSettings, Rate
from latchstring.domain.devices.user_code import ALPHABET
from tests.support.devices import API, a_house_with_a_tv, a_tv, begin, codes, poll
from tests.support.dump import dump
from tests.support.house import ORIGIN, SECRET, a_client_settings
from tests.support.provider import basic

HOUR = timedelta(hours=1)


@pytest.fixture
async def house(tmp_path):
    async with a_house_with_a_tv(tmp_path) as house:
        yield house


async def test_a_device_gets_two_codes_and_where_to_type_one(house):
    answer = await begin(house)
    told = answer.json()

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(told) == {
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
    }
    assert len(told["device_code"]) == 43
    first, second = told["user_code"].split("-")
    assert len(first) == len(second) == 4
    assert set(first + second) <= set(ALPHABET)
    assert told["verification_uri"] == f"{ORIGIN}/activate"
    assert told["verification_uri_complete"] == f"{ORIGIN}/activate?user_code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (900, 5)


async def test_a_json_body_is_as_good_and_null_is_absent(house):
    body = {"client_id": "acme-tv", "scope": "openid", "audience": None}
    async with house.http() as http:
        answer = await http.post("/oauth/device/code", json=body)

    assert answer.status_code == 200


async def test_discovery_names_the_address_and_the_grant(house):
    async with house.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()

    assert document["device_authorization_endpoint"] == f"{ORIGIN}/oauth/device/code"
    assert "urn:ietf:params:oauth:grant-type:device_code" in document["grant_types_supported"]


@pytest.mark.parametrize(
    ("members", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_secret": "a-guess-that-is-long-enough-to-be-one"}, 401, "invalid_client"),
        ({"client_id": "acme-web", "client_secret": SECRET}, 403, "unauthorized_client"),
        ({"audience": "https://nobody.example/"}, 403, "access_denied"),
    ],
)
async def test_whoever_may_not_is_told_so(house, members, status, error):
    answer = await begin(house, **members)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_a_parameter_that_comes_twice_is_refused(house):
    async with house.http() as http:
        answer = await http.post(
            "/oauth/device/code",
            content="client_id=acme-tv&scope=openid&scope=email",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_get_is_refused(house):
    async with house.http() as http:
        assert (await http.get("/oauth/device/code")).status_code == 405


async def test_a_confidential_client_proves_itself_by_basic_too(tmp_path):
    server = a_client_settings(grant_types=(GrantType.DEVICE_CODE,))
    async with a_house_with_a_tv(tmp_path, clients=(server,)) as house, house.http() as http:
        proven = await http.post(
            "/oauth/device/code", data={"scope": "openid"}, headers=basic("acme-web", SECRET)
        )
        bare = await http.post("/oauth/device/code", data={"client_id": "acme-web"})

    assert (proven.status_code, bare.status_code) == (200, 401)


async def test_one_address_gets_so_many_codes_and_no_more(tmp_path):
    limits = LimitSettings(device_codes_per_address=Rate(2, HOUR))
    trusted = a_client_settings(grant_types=(GrantType.DEVICE_CODE,))
    async with a_house_with_a_tv(tmp_path, limits=limits, clients=(a_tv(), trusted)) as house:
        for _ in range(2):
            await codes(house)
        refused = await begin(house)
        elsewhere = await begin(house, "198.51.100.1")
        proven = await begin(house, client_id="acme-web", client_secret=SECRET)

        assert refused.status_code == 429
        assert "device_codes_per_address (2)" in refused.json()["error_description"]
        assert refused.headers["retry-after"] == "3600"
        assert (elsewhere.status_code, proven.status_code) == (200, 200)
        house.clock.advance(3600)
        assert (await begin(house)).status_code == 200


async def test_neither_code_lies_in_the_database(house):
    told = await codes(house, audience=API.identifier)
    await poll(house, told["device_code"])

    text = dump(house)
    assert told["device_code"] not in text
    assert told["user_code"] not in text
    assert told["user_code"].replace("-", "") not in text
