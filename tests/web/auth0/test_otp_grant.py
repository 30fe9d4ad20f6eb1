"""The one-time-password grant of ``POST /oauth/token``."""

from typing import Any

import pytest

from tests.support.house import SECRET, House
from tests.support.refusals import assert_refused

GRANT = "http://auth0.com/oauth/grant-type/passwordless/otp"
NUMBER = "+447700900123"


def own(code: str, **changes: str | None) -> dict[str, Any]:
    return {
        "grant_type": GRANT,
        "client_id": "acme-web",
        "client_secret": SECRET,
        "realm": "email",
        "username": "alice@example.com",
        "otp": code,
        "scope": "openid email",
        **changes,
    }


async def posted(house: House, **how: Any) -> Any:
    async with house.http() as http:
        return await http.post("/oauth/token", **how)


async def a_code(house: House) -> str:
    await house.start()
    return await house.code()


@pytest.mark.parametrize("shape", ["json", "data"])
async def test_a_right_code_is_exchanged_for_tokens_in_json_and_in_a_form(house, shape):
    answer = await posted(house, **{shape: own(await a_code(house))})
    assert answer.status_code == 200
    body = answer.json()
    assert {"access_token", "id_token"} <= set(body)
    assert (body["token_type"], body["expires_in"], body["scope"]) == (
        "Bearer",
        86400,
        "openid email",
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


async def test_a_number_in_a_form_is_decoded_once(house):
    await house.start(connection="sms", email=None, phone_number=NUMBER)
    code = await house.code(NUMBER)
    fields = own(code, realm="sms", username=NUMBER)
    assert (await posted(house, data=fields)).status_code == 200


@pytest.mark.parametrize("nothing", [None, ""])
async def test_null_and_empty_parameters_are_absent(house, nothing):
    body = own(await a_code(house), scope=nothing, audience=nothing)
    answer = await posted(house, json=body)
    assert answer.status_code == 200
    assert answer.json()["scope"] == "openid"


@pytest.mark.parametrize("name", ["realm", "username", "otp"])
@pytest.mark.parametrize("nothing", [None, ""])
async def test_a_missing_parameter_is_named(house, name, nothing):
    answer = await posted(house, json=own("123456", **{name: nothing}))
    assert_refused(answer, 400, "invalid_request")
    assert answer.json()["error_description"] == f"Missing required parameter: {name}"


@pytest.mark.parametrize("name", ["otp", "username", "realm", "client_id", "grant_type", "scope"])
async def test_a_parameter_that_comes_twice_is_refused(house, name):
    code = await a_code(house)
    fields = [*own(code).items(), (name, "x")]
    content = "&".join(f"{key}={value}" for key, value in fields)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await posted(house, content=content, headers=headers)
    assert_refused(answer, 400, "invalid_request")
    assert (await house.exchange(code)).status_code == 200


async def test_parameters_we_do_not_know_are_ignored_even_twice(house):
    fields = [*own(await a_code(house)).items(), ("redirect_uri", "x"), ("a", "1"), ("a", "2")]
    content = "&".join(f"{key}={value}" for key, value in fields)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await posted(house, content=content, headers=headers)).status_code == 200


@pytest.mark.parametrize("value", [7, True, ["123456"], {"a": 1}])
async def test_a_member_that_is_no_text_is_refused(house, value):
    answer = await posted(house, json={**own("123456"), "otp": value})
    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize("realm", ["twitter", "Email", "email ", "acme"])
async def test_a_realm_that_is_no_connection_is_refused(house, realm):
    answer = await posted(house, json=own("123456", realm=realm))
    assert_refused(answer, 400, "invalid_request")
    assert "realm" in answer.json()["error_description"]


async def test_an_audience_nobody_registered_is_refused_before_the_code_is_spent(house):
    code = await a_code(house)
    answer = await posted(house, json=own(code, audience="https://api.acme.example"))
    assert_refused(answer, 403, "access_denied")
    assert (await posted(house, json=own(code))).status_code == 200


async def test_this_server_s_own_audience_is_fine(house):
    audience = house.settings.issuer + "userinfo"
    assert (await posted(house, json=own(await a_code(house), audience=audience))).is_success


@pytest.mark.parametrize("secret", ["", "wrong" * 8, None])
async def test_a_client_that_does_not_prove_itself_learns_nothing(house, secret):
    code = await a_code(house)
    answer = await posted(house, json=own(code, client_secret=secret))
    assert_refused(answer, 401, "invalid_client")
    assert (await posted(house, json=own(code))).status_code == 200


async def test_a_public_client_needs_no_secret(house):
    await house.start(client_id="acme-spa", client_secret=None)
    body = own(await house.code(), client_id="acme-spa", client_secret=None)
    assert (await posted(house, json=body)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"username": "alice"}, "Wrong email or verification code."),
        ({"username": NUMBER}, "Wrong email or verification code."),
        ({"username": "x", "realm": "sms"}, "Wrong phone number or verification code."),
    ],
)
async def test_a_name_that_is_none_is_refused_as_a_wrong_code_is(house, changes, sentence):
    answer = await posted(house, json=own("123456", **changes))
    assert_refused(answer, 403, "invalid_grant")
    assert answer.json()["error_description"] == sentence


async def test_the_three_refusals_come_in_their_turn(house):
    code = await a_code(house)
    wrong = "000000" if code != "000000" else "000001"
    told = [(await posted(house, json=own(wrong))).json()["error_description"] for _ in range(3)]
    assert told[:2] == ["Wrong email or verification code."] * 2
    assert told[2].startswith("You've reached the maximum number of attempts.")
    house.clock.advance(601)
    answer = await posted(house, json=own(code))
    assert answer.json()["error_description"].startswith("The verification code has expired.")


async def test_no_identity_token_without_openid(house):
    answer = await posted(house, json=own(await a_code(house), scope="email"))
    assert "id_token" not in answer.json()


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1} {2}", "{1}-{2}", "Code: {0}"])
async def test_a_code_is_taken_as_people_paste_it(house, typed):
    code = await a_code(house)
    answer = await posted(house, json=own(typed.format(code, code[:3], code[3:])))
    assert answer.status_code == 200


@pytest.mark.parametrize("username", [" Alice@EXAMPLE.com ", "ALICE@example.com"])
async def test_a_name_is_read_as_at_the_start(house, username):
    assert (await posted(house, json=own(await a_code(house), username=username))).is_success
