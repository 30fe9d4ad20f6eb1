"""What Auth0's pages load and ask for on their way."""

import json
from typing import Any

import pytest

from tests.support.house import House, a_client_settings
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused

PAGE = "http://127.0.0.1:9100"


def argument_of(script: str, function: str) -> Any:
    assert script.startswith(f"{function}(")
    assert script.endswith(");")
    return json.loads(script.removeprefix(f"{function}(").removesuffix(");"))


async def get(house: House, path: str) -> Any:
    async with house.http() as http:
        return await http.get(path)


async def test_lock_finds_the_client_and_its_ways_in(house):
    answer = await get(house, "/client/acme-spa.js?t1772443800000")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert argument_of(answer.text, "Auth0.setClient") == {
        "id": "acme-spa",
        "tenant": "127.0.0.1",
        "subscription": "enterprise",
        "strategies": [
            {"name": "email", "connections": [{"name": "email"}]},
            {"name": "sms", "connections": [{"name": "sms"}]},
        ],
    }


@pytest.mark.parametrize("name", ["nobody.js", "acme-spa", ".js", "", "acme-spa.json", "a/b.js"])
async def test_there_is_no_file_of_a_client_that_does_not_exist(house, name):
    assert (await get(house, f"/client/{name}")).status_code == 404


async def test_the_tenant_s_file_names_the_connections(house):
    answer = await get(house, "/info-v1.js")
    found = argument_of(answer.text, "Auth0.setTenant")
    assert found["connections"]["passwordless"] == [
        {"name": "email", "strategy": "email"},
        {"name": "sms", "strategy": "sms"},
    ]


async def test_no_value_can_leave_its_string():
    from latchstring.web.auth0.client_file import script  # noqa: PLC0415 - for this one test

    body = bytes(script("f", {"x": "</script><!--\u2028\u2029&"}).body).decode()
    assert body == r'f({"x":"\u003c/script\u003e\u003c!--\u2028\u2029\u0026"});'


async def test_the_country_is_the_first_one_that_is_texted(tmp_path):
    async with a_quick_house(tmp_path, sms_connection={"countries": ("DE", "GB")}) as house:
        answer = await get(house, "/user/geoloc/country")
        assert answer.text == "DE"
        assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/usernamepassword/challenge", "/passwordless/challenge"])
async def test_nobody_is_challenged(house, path):
    async with house.http(Origin=PAGE) as http:
        answer = await http.post(path, json={"state": "a state"})
    assert (answer.status_code, answer.json()) == (200, {"required": False})
    assert answer.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize("path", ["/oauth/ro", "/otp/challenge"])
async def test_what_is_not_offered_says_so(house, path):
    async with house.http() as http:
        answer = await http.post(path, json={"client_id": "acme-web"})
    assert_refused(answer, 404, "endpoint_disabled")


@pytest.mark.parametrize(
    "path", ["/passwordless/start", "/passwordless/verify", "/co/authenticate", "/oauth/ro"]
)
async def test_a_get_where_a_post_belongs_is_told_in_the_dialect(house, path):
    answer = await get(house, path)
    assert_refused(answer, 405, "bad.request")
    assert answer.headers["allow"] == "POST"


LEGACY = {
    "client_id": "acme-web",
    "connection": "email",
    "grant_type": "password",
    "username": "alice@example.com",
    "scope": "openid offline_access",
    "device": None,
}


async def legacy(house: House, **changes: Any) -> Any:
    async with house.http() as http:
        return await http.post("/oauth/ro", json={**LEGACY, **changes})


@pytest.fixture
async def old_house(tmp_path):
    from latchstring.base.settings import Auth0Settings  # noqa: PLC0415 - for this one fixture

    clients = (a_client_settings(), a_client_settings(client_id="spa", client_secret=None))
    auth0 = Auth0Settings(legacy_oauth_ro=True)
    async with a_quick_house(tmp_path, auth0=auth0, clients=clients) as found:
        yield found


async def test_old_sdks_get_tokens_where_that_is_switched_on(old_house):
    await old_house.start(client_id="spa", client_secret=None)
    answer = await legacy(old_house, client_id="spa", password=await old_house.code())
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "id_token", "token_type"}
    assert answer.json()["token_type"] == "bearer"


async def test_old_sdks_of_servers_prove_their_secret(old_house):
    from tests.support.house import SECRET  # noqa: PLC0415 - for this one test

    await old_house.start()
    code = await old_house.code()
    assert_refused(await legacy(old_house, password=code), 403, "unauthorized_client")
    answer = await legacy(old_house, password=code, client_secret=SECRET)
    assert answer.status_code == 200


async def test_old_sdks_are_told_of_a_wrong_code_in_their_words(old_house):
    answer = await legacy(old_house, client_id="spa", password="000000")
    assert_refused(answer, 401, "invalid_user_password")
    assert answer.json()["error_description"] == "Wrong email or verification code."


async def test_old_sdks_are_told_of_an_unknown_client_in_their_words(old_house):
    answer = await legacy(old_house, client_id="nobody", password="000000")
    assert_refused(answer, 403, "unauthorized_client")
    assert answer.json()["error_description"] == "invalid client"


@pytest.mark.parametrize("name", ["client_id", "connection", "username", "password"])
async def test_old_sdks_are_told_what_is_missing(old_house, name):
    answer = await legacy(old_house, **{"client_id": "spa", "password": "000000", name: None})
    assert_refused(answer, 400, "invalid_request")
    assert answer.json()["error_description"] == f"Missing required parameter: {name}"
