"""``/passwordless/start`` from a server that signs instead of telling a secret."""

from collections.abc import AsyncIterator

import pytest

from tests.support.assertions import ASSERTION_TYPE, by_hand, claims, key_set, rsa_key, signed
from tests.support.house import ORIGIN, SECRET, House, a_client_settings, a_house


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[House]:
    keys = a_client_settings(client_id="acme-keys", client_secret=None, jwks=key_set(rsa_key()))
    async with a_house(tmp_path, clients=(a_client_settings(), keys)) as found:
        yield found


async def start(house: House, assertion: str | None, **changes):
    values = {
        "client_id": "acme-keys",
        "client_secret": None,
        "client_assertion": assertion,
        "client_assertion_type": ASSERTION_TYPE,
    }
    return await house.start(**(values | changes))


def said(house: House, audience: str = f"{ORIGIN}/", **changes):
    return claims(house.clock.now(), "acme-keys", audience, **changes)


async def test_a_signed_start_sends_a_code_and_its_assertion_is_good_once(house):
    assertion = signed(rsa_key(), said(house, exp=int(house.clock.now().timestamp()) + 180))

    assert (await start(house, assertion)).status_code == 200
    assert await house.code()

    again = await start(house, assertion)
    assert (again.status_code, again.json()["error"]) == (403, "unauthorized_client")
    elsewhere = {"client_secret": None, "client_id": "acme-keys", "client_assertion": assertion}
    response = await house.exchange(
        "000000", **(elsewhere | {"client_assertion_type": ASSERTION_TYPE})
    )
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_the_address_of_the_endpoint_is_an_audience_too(house):
    assertion = signed(rsa_key(), said(house, f"{ORIGIN}/passwordless/start"))

    assert (await start(house, assertion)).status_code == 200


async def test_t10_what_proves_nothing_sends_nothing(house):
    good = signed(rsa_key(), said(house))
    for assertion, changes in (
        (None, {}),
        (None, {"client_assertion_type": None}),
        (signed(rsa_key("mallory"), said(house)), {}),
        (by_hand({"alg": "none"}, said(house)), {}),
        (good, {"client_assertion_type": None}),
        (good, {"client_secret": SECRET}),
        (good, {"client_id": "acme-web"}),
    ):
        response = await start(house, assertion, **changes)
        assert (response.status_code, response.json()["error"]) == (403, "unauthorized_client")
        assert response.json()["error_description"] == "Client authentication is required"
    assert await house.messages() == []
