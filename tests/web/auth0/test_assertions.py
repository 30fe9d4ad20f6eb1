"""A client with keys of its own starts a sign-in with a signed assertion in place of a secret."""

from typing import Any

import pytest

from tests.support.assertions import ASSERTION_TYPE, claims, key_set, rsa_key, signed
from tests.support.house import SECRET, House, a_client_settings
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused


@pytest.fixture
async def house(tmp_path):
    theirs = a_client_settings(client_id="keys", client_secret=None, jwks=key_set(rsa_key("alice")))
    async with a_quick_house(tmp_path, clients=(a_client_settings(), theirs)) as found:
        yield found


def assertion(house: House, key: str = "alice", **changes: Any) -> str:
    """Return what auth0-python signs: for the issuer, three minutes long."""
    now = house.clock.now()
    until = int(now.timestamp()) + 180
    made = claims(now, "keys", house.settings.issuer, **{"exp": until, **changes})
    return signed(rsa_key(key), made)


async def start(house: House, text: str | None, **changes: Any) -> Any:
    members = {
        "client_id": "keys",
        "client_secret": None,
        "client_assertion": text,
        "client_assertion_type": ASSERTION_TYPE,
        **changes,
    }
    return await house.start(**members)


async def test_a_signed_assertion_does_in_place_of_a_secret(house):
    assert (await start(house, assertion(house))).status_code == 200
    assert await house.code()


async def test_an_assertion_is_good_for_one_call(house):
    text = assertion(house)
    assert (await start(house, text)).status_code == 200
    assert_refused(await start(house, text), 403, "unauthorized_client")


@pytest.mark.parametrize(
    ("changes", "members"),
    [
        ({"aud": "https://elsewhere.example/"}, {}),
        ({"exp": 1}, {}),
        ({"iss": "acme-web", "sub": "acme-web"}, {}),
        ({}, {"client_assertion_type": "jwt"}),
        ({}, {"client_assertion_type": None}),
        ({}, {"client_secret": SECRET}),
        ({}, {"client_id": "acme-web"}),
        ({}, {"client_assertion": "x.y.z"}),
        ({}, {"client_assertion": None}),
    ],
)
async def test_what_proves_nothing_is_refused(house, changes, members):
    answer = await start(house, assertion(house, **changes), **members)
    assert_refused(answer, 403, "unauthorized_client")
    assert answer.json()["error_description"] == "Client authentication is required"


async def test_another_key_signs_for_nobody(house):
    answer = await start(house, assertion(house, key="mallory"))
    assert_refused(answer, 403, "unauthorized_client")
