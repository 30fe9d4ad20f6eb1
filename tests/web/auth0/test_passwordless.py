"""``POST /passwordless/start`` as SDKs use it."""

import asyncio
import re
from urllib.parse import parse_qs

import pytest

from latchstring.domain.delivery.message import Channel
from tests.support.house import CALLBACK, LOGIN, SECRET, House, a_client_settings, a_public_client
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused

SMS = {"connection": "sms", "email": None, "phone_number": "+447700900123"}
PKCE = {
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


async def test_a_start_by_email_is_answered_in_auth0_s_shape(house):
    answer = await house.start()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert re.fullmatch("[0-9a-f]{24}", body.pop("_id"))
    assert body == {"email": "alice@example.com", "email_verified": False}


async def test_a_start_by_sms_is_answered_in_auth0_s_shape(house):
    answer = await house.start(**SMS)
    body = answer.json()
    assert re.fullmatch("[0-9a-f]{24}", body.pop("_id"))
    assert body == {
        "phone_number": "+447700900123",
        "phone_verified": False,
        "request_language": "en",
    }


async def test_the_id_is_the_same_every_time_and_another_for_another(house):
    first, again = (await house.start()).json(), (await house.start()).json()
    bob = (await house.start("bob@example.com")).json()
    texted = (await house.start(**SMS)).json()
    assert first["_id"] == again["_id"]
    assert len({first["_id"], bob["_id"], texted["_id"]}) == 3


@pytest.mark.parametrize(
    ("send", "has_code", "has_link"),
    [
        (None, False, True),
        ("", False, True),
        ("link", False, True),
        ("code", True, False),
        ("both", True, True),
    ],
)
async def test_a_mail_carries_what_the_application_asked_for(house, send, has_code, has_link):
    assert (await house.start(send=send)).status_code == 200
    message = await house.newest()
    assert (message.code is not None, message.link is not None) == (has_code, has_link)


async def test_a_text_message_carries_a_code_unless_asked(house):
    await house.start(**SMS, send=None)
    message = await house.newest("+447700900123")
    assert message.channel is Channel.SMS
    assert message.code


async def test_null_members_are_absent_ones(house):
    members = {"send": None, "authParams": None, "client_secret": SECRET, "captcha": None}
    body = {"client_id": "acme-web", "connection": "email", "email": "alice@example.com"}
    async with house.http() as http:
        answer = await http.post("/passwordless/start", json={**body, **members})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("members", "error", "sentence"),
    [
        ({"client_id": None}, "bad.client_id", "Missing required property: client_id"),
        ({"client_id": "nobody"}, "bad.client_id", "Unknown client_id"),
        ({"connection": None}, "bad.connection", "Missing required property: connection"),
        ({"connection": "twitter"}, "bad.connection", "Connection does not exist"),
        ({"email": None}, "bad.email", "Missing required property: email"),
        ({"email": "alice@"}, "bad.email", "Enter an email address"),
        ({"send": "pigeon"}, "bad.request", "send must be link, code or both"),
        ({"authParams": []}, "bad.authParams", "authParams must be an object"),
        ({**SMS, "phone_number": None}, "bad.phone_number", "Missing required property"),
        ({**SMS, "phone_number": "+33639980012"}, "bad.phone_number", "in this country"),
        ({**SMS, "send": "link"}, "bad.request", "carries a code only"),
    ],
)
async def test_what_is_wrong_is_named_as_auth0_names_it(house, members, error, sentence):
    answer = await house.start(**members)
    assert_refused(answer, 400, error)
    assert sentence in answer.json()["error_description"]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x"])
async def test_a_confidential_client_proves_its_secret(house, secret):
    answer = await house.start(client_secret=secret)
    assert_refused(answer, 403, "unauthorized_client")
    assert answer.json()["error_description"] == "Client authentication is required"


async def test_a_connection_that_the_client_does_not_offer_is_disabled_for_it(tmp_path):
    clients = (a_client_settings(connections=("sms",)),)
    async with a_quick_house(tmp_path, clients=clients) as house:
        answer = await house.start()
        assert_refused(answer, 400, "bad.connection")
        assert answer.json()["error_description"] == "Connection is disabled"


async def press(house: House) -> str:
    browser = house.browser()
    page = await browser.post(await browser.get(await house.link()))
    return page.url


async def test_a_link_ends_at_the_application_with_code_state_and_issuer(house):
    await house.start(send="link", authParams={"redirect_uri": CALLBACK, "state": "a state"})
    url = await press(house)
    assert re.fullmatch(
        re.escape(CALLBACK) + r"\?code=[\w-]{43}&state=a\+state&iss=http%3A%2F%2F127.*", url
    )


async def test_a_code_from_a_link_is_exchanged_once_for_tokens(house):
    await house.start(send="link", authParams={"nonce": "n", "scope": "openid email"})
    code = re.findall(r"code=([\w-]{43})", await press(house))[0]
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    client = {"client_id": "acme-web", "client_secret": SECRET}
    async with house.http() as http:
        answer = await http.post("/oauth/token", json={**body, **client})
        assert answer.status_code == 200
        assert answer.json()["scope"] == "openid email"
        assert (await http.post("/oauth/token", json={**body, **client})).status_code == 400


async def test_a_public_client_s_link_signs_in_and_leads_to_its_own_page(house):
    await house.start(client_id="acme-spa", client_secret=None, send="link")
    assert (await press(house)).startswith(LOGIN + "?iss=")


async def test_a_link_ends_with_tokens_for_a_client_that_lists_them(tmp_path):
    spa = a_public_client(response_types=("code", "token", "id_token token"))
    params = {
        "response_type": "token id_token",
        "nonce": "n",
        "state": "s",
        "scope": "openid email",
    }
    async with a_quick_house(tmp_path, clients=(spa,)) as house:
        answer = await house.start(
            client_id="acme-spa", client_secret=None, send="link", authParams=params
        )
        assert answer.status_code == 200
        url = await press(house)
    assert url.startswith(CALLBACK + "#")
    told = parse_qs(url.partition("#")[2])
    assert {"access_token", "id_token", "expires_in", "token_type", "iss"} <= set(told)
    assert told["state"] == ["s"]


async def test_the_answer_does_not_wait_for_the_message(house):
    await house.start()
    assert house.inbox.list() == ()
    assert await house.code()


async def test_r16_a_start_that_is_repeated_with_its_key_sends_one_message(house):
    async def start(key: str | None, email: str = "alice@example.com"):
        headers = {} if key is None else {"Idempotency-Key": key}
        body = {"client_id": "acme-web", "client_secret": SECRET, "connection": "email"}
        async with house.http(**headers) as http:
            return await http.post("/passwordless/start", json={**body, "email": email})

    answers = await asyncio.gather(*(start("a key") for _ in range(9)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(await house.messages()) == 1
    await start("another key")
    await start(None)
    await start("a key", "bob@example.com")
    assert len(await house.messages()) == 3
    assert len(await house.messages("bob@example.com")) == 1
    assert (await start("k" * 256)).status_code == 400
