"""``auth0-forwarded-for`` counts from whom it may, and is as if it were not there from others."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from latchstring.base.settings import GrantType, LimitSettings
from latchstring.base.settings_values import rate
from latchstring.flows.manage_registration_tokens import ManageRegistrationTokens
from tests.support.dump import rows
from tests.support.house import SECRET, House, a_client_settings, a_public_client
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused

HEADER = "auth0-forwarded-for"


@pytest.fixture
async def house(tmp_path):
    clients = (
        a_client_settings(),
        a_public_client(),
        a_client_settings(client_id="server", trust_forwarded_for=True),
    )
    limits = LimitSettings(starts_per_address=rate("2/h"), wrong_answers_per_address=rate("2/d"))
    async with a_quick_house(tmp_path, clients=clients, limits=limits) as found:
        yield found


async def start(house: House, who: str, client: str, **headers: str) -> Any:
    body = {"client_id": client, "connection": "email", "email": who, "send": "code"}
    if client != "acme-spa":
        body["client_secret"] = SECRET
    async with house.http(**headers) as http:
        return await http.post("/passwordless/start", json=body)


async def starts(house: House, client: str, *values: str) -> list[int]:
    found = []
    for number, value in enumerate(values):
        answer = await start(house, f"p{number}@example.com", client, **{HEADER: value})
        found.append(answer.status_code)
    return found


async def test_a_person_s_address_counts_where_the_client_may_name_it(house):
    one, other = "198.51.100.1", "198.51.100.2"
    assert await starts(house, "server", one, one, one, other) == [200, 200, 429, 200]
    assert (one,) in rows(house, "select distinct ip from events")


@pytest.mark.parametrize("client", ["acme-web", "server"])
async def test_without_it_a_server_s_own_address_is_not_limited(house, client):
    for number in range(4):
        assert (await start(house, f"p{number}@example.com", client)).status_code == 200


async def test_l_09_a_client_that_registered_itself_lifts_no_limit(tmp_path):
    limits = LimitSettings(starts_per_address=rate("2/h"), device_codes_per_address=rate("2/h"))
    async with (
        a_quick_house(tmp_path, limits=limits, dynamic_registration=True) as house,
        house.http() as http,
    ):
        who = await registered(house, http)
        tvs = [await http.post("/oauth/device/code", data=who) for _ in range(3)]
        mails = [
            await http.post(
                "/passwordless/start",
                json={**who, "connection": "email", "email": f"p{n}@example.com", "send": "link"},
            )
            for n in range(3)
        ]
    for answers in (tvs, mails):
        assert [answer.status_code for answer in answers] == [200, 200, 429]


async def registered(house: House, http: httpx2.AsyncClient) -> dict[str, str]:
    manage = ManageRegistrationTokens(house.installation.database, house.clock)
    token = (await manage.issue(uses=1, life=timedelta(hours=1))).token
    body = {
        "redirect_uris": ["https://rp.test/cb"],
        "grant_types": ["authorization_code", GrantType.DEVICE_CODE],
        "token_endpoint_auth_method": "client_secret_post",
    }
    headers = {"Authorization": f"Bearer {token}"}
    found = (await http.post("/oidc/register", json=body, headers=headers)).json()
    return {name: found[name] for name in ("client_id", "client_secret")}


async def test_from_a_client_that_may_not_name_addresses_it_is_ignored(house):
    assert await starts(house, "acme-web", *["198.51.100.1"] * 4) == [200] * 4
    assert ("198.51.100.1",) not in rows(house, "select distinct ip from events")


async def test_l_09_from_a_public_client_it_buys_no_fresh_limit(house):
    values = [f"198.51.100.{number}" for number in range(3)]
    assert await starts(house, "acme-spa", *values) == [200, 200, 429]


@pytest.mark.parametrize("value", ["", "x", "1.2.3.4, 5.6.7.8", "1.2.3.4:80", "::1%eth0", "1e9"])
async def test_what_is_no_address_is_ignored(house, value):
    assert await starts(house, "server", *[value] * 3) == [200, 200, 200]
    found = {ip for (ip,) in rows(house, "select distinct ip from events where ip is not null")}
    assert found <= {"192.0.2.7", "127.0.0.1"}


async def test_it_counts_wrong_codes_of_the_grant_too(house):
    headers = {HEADER: "198.51.100.7"}
    body = {
        "grant_type": "http://auth0.com/oauth/grant-type/passwordless/otp",
        "client_id": "server",
        "client_secret": SECRET,
        "realm": "email",
        "username": "alice@example.com",
        "otp": "000000",
    }
    async with house.http(**headers) as http:
        answers = [await http.post("/oauth/token", json=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert answers[2].headers["x-ratelimit-limit"] == "2"
    assert answers[2].headers["x-ratelimit-remaining"] == "0"
    assert int(answers[2].headers["x-ratelimit-reset"]) > house.clock.now().timestamp()
    assert int(answers[2].headers["retry-after"]) > 0


async def test_a_call_that_proved_nothing_names_nobody(house):
    async with house.http(**{HEADER: "198.51.100.1"}) as http:
        body = {"client_id": "server", "connection": "email", "email": "a@example.com"}
        answer = await http.post("/passwordless/start", json=body)
    assert_refused(answer, 403, "unauthorized_client")
    assert ("198.51.100.1",) not in rows(house, "select distinct ip from events")
