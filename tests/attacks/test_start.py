"""S: what ``POST /passwordless/start`` and the identify pages make of bad input."""

import json
from typing import Any

import pytest

from latchstring.base.settings import Send
from latchstring.domain.delivery.senders.inbox import InboxMessage
from tests.support.dump import dump
from tests.support.house import CALLBACK, SECRET, House
from tests.support.places import ALL
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_nothing_sent, assert_refused, assert_refused_page

pytestmark = pytest.mark.at(*ALL)

START = "/passwordless/start"
JSON = {"Content-Type": "application/json"}
BODY = {
    "client_id": "acme-web",
    "client_secret": SECRET,
    "connection": "email",
    "email": "alice@example.com",
    "send": "code",
}
SMS: dict[str, Any] = {"connection": "sms", "email": None}
LISTS = [
    "alice@example.com,bob@example.com",
    "alice@example.com;bob@example.com",
    "alice@example.com bob@example.com",
    "alice@example.com%2cbob@example.com",
    "alice@example.com,",
    "alice@example.com\tbob@example.com",
    "<alice@example.com>",
    "Alice <alice@example.com>",
    "alice@example.com (Alice)",
    "(Alice) alice@example.com",
    "mailto:alice@example.com",
]
QUOTED = [
    '"bob@example.com"@example.com',
    '"bob@example.com> "@example.com',
    "bob@example.com@example.com",
    '"alice"@example.com',
    "alice@[192.0.2.7]",
    "alice@[IPv6:::1]",
]
LINES = [
    "alice@example.com\r\nBcc: mallory@example.com",
    "alice@example.com\nBcc: mallory@example.com",
    "alice@example.com\rmallory@example.com",
    "alice\r\n@example.com",
    "alice@example.com%0d%0aBcc:%20mallory@example.com",
    "alice@example.com\x00",
    "alice@exa\x00mple.com",
    "alice@example.com\u2028mallory@example.com",
    "alice\u202e@example.com",
    "al\u200bice@example.com",
]


async def posted(house: House, content: bytes | str, **headers: str):
    async with house.http(**headers) as http:
        return await http.post(START, content=content, headers=headers or JSON)


def addressed(house: House) -> list[str]:
    return [message.recipient for message in house.inbox.list()]


def header(message: InboxMessage, name: str) -> list[str]:
    return [value for found, value in message.headers if found.lower() == name]


@pytest.mark.parametrize(
    "content",
    ["", "[]", "null", '"x"', "7", "true", "{", '{"client_id":', "\xff", "{}}", '{"a":NaN}'],
)
async def test_s_01_a_body_that_is_no_object_is_refused(house, log, content):
    answer = await posted(house, content.encode("latin-1"))
    assert_refused(answer, 400, "bad.request", log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize("depth", [5_000, 30_000])
async def test_s_01_deep_nesting_is_refused_without_a_recursion_error(house, log, depth):
    answer = await posted(house, "[" * depth + "]" * depth)
    assert_refused(answer, 400, "bad.request", log)


async def test_s_01_a_million_nested_arrays_are_too_large_to_look_at(house, log):
    answer = await posted(house, "[" * 1_000_000)
    assert_refused(answer, 413, "bad.request", log)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_s_02_json_under_another_name_is_not_read(house, log, content_type):
    answer = await posted(house, json.dumps(BODY), **{"Content-Type": content_type})
    assert_refused(answer, 415, "bad.request", log)
    await assert_nothing_sent(house)


async def test_s_02_json_without_a_name_is_not_read(house, log):
    async with house.http() as http:
        answer = await http.post(START, content=json.dumps(BODY))
    assert_refused(answer, 415, "bad.request", log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize(
    "email", [["alice@example.com", "mallory@example.com"], {"$ne": ""}, 7, True, 1.5, []]
)
async def test_s_07_an_address_that_is_no_text_is_refused(house, log, email):
    assert_refused(await house.start(email), 400, "bad.email", log)
    await assert_nothing_sent(house)


async def test_s_07_an_address_as_a_list_in_a_form_is_refused(house, log):
    async with house.http() as http:
        answer = await http.post(START, data={**BODY, "email[]": "mallory@example.com"})
    assert_refused(answer, 415, "bad.request", log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize("email", LISTS)
async def test_s_08_two_addresses_in_one_field_are_refused(house, log, email):
    assert_refused(await house.start(email), 400, "bad.email", log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize("email", LISTS)
async def test_s_08_two_addresses_in_the_page_s_field_are_refused(house, email):
    browser = house.browser()
    page = await browser.post(await browser.authorize(), email=email)
    assert "Enter an email address in the form name@example.com." in page.text
    assert page.status == 200
    await assert_nothing_sent(house)


async def test_s_08_two_fields_of_one_name_are_refused(house, log):
    browser = house.browser()
    page = await browser.authorize()
    fields = f"csrf={page.csrf}&email=alice%40example.com&email=mallory%40example.com"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.http.post(page.forms[0], content=fields, headers=headers)
    assert_refused_page(type(page)(answer), 400, log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize("email", QUOTED)
async def test_s_09_quoted_local_parts_and_literal_domains_are_refused(house, log, email):
    assert_refused(await house.start(email), 400, "bad.email", log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize(
    "email",
    ["ｍike@example.com", "\ufb01mike@example.com", "mikeß@example.com", "MIK\u00c9@example.com"],
)
async def test_s_11_a_local_part_with_a_second_spelling_is_refused(house, log, email):
    assert_refused(await house.start(email), 400, "bad.email", log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize(
    "email",
    [
        "m\u0131ke@example.com",
        "miké@example.com",
        "mike@ex\u0430mple.com",
        "mike@\u0435xample.com",
        "mike@xn--exmple-4nf.com",
    ],
)
async def test_s_11_a_look_alike_is_another_person(house, email):
    await house.start("mike@example.com")
    mike = (await house.exchange(await house.code("mike@example.com"), "mike@example.com")).json()
    assert mike["token_type"] == "Bearer"
    answer = await house.start(email)
    assert answer.status_code == 200
    await house.deliver()
    assert addressed(house)[0] == answer.json()["email"] != "mike@example.com"


async def test_s_11_ascii_case_is_the_one_fold_and_mail_goes_to_the_folded_address(house):
    await house.start("mike@example.com")
    answer = await house.start("MIKE@EXAMPLE.COM")
    assert answer.json()["email"] == "mike@example.com"
    await house.deliver()
    assert addressed(house) == ["mike@example.com", "mike@example.com"]


@pytest.mark.parametrize("email", LINES)
async def test_s_13_lines_and_control_characters_in_an_address_are_refused(house, log, email):
    assert_refused(await house.start(email), 400, "bad.email", log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize("name", ["state", "nonce", "redirect_uri", "scope"])
async def test_s_13_lines_in_parameters_of_the_link_are_refused(house, log, name):
    params = {name: "x\r\nBcc: mallory@example.com"}
    answer = await house.start(send="link", authParams=params)
    assert_refused(answer, 400, "bad.authParams", log)
    await assert_nothing_sent(house)


async def test_s_13_a_hostile_client_name_adds_no_header_and_no_recipient(tmp_path):
    async with a_quick_house(tmp_path) as house:
        current = house.installation.configuration.current
        name = "Acme\r\nBcc: mallory@example.com\r\n\r\n<b>"
        object.__setattr__(current.clients["acme-web"], "name", name)
        await house.start(send="both")
        message = await house.newest()
        assert header(message, "bcc") == []
        assert header(message, "to") == ["<alice@example.com>"]
        assert message.recipient == "alice@example.com"


async def test_s_13_a_hostile_language_header_adds_nothing(house):
    async with house.http() as http:
        headers = {"X-Request-Language": "en%0d%0aBcc: mallory@example.com", "User-Agent": "x<b>"}
        answer = await http.post(START, json=BODY, headers=headers)
    assert answer.status_code == 200
    message = await house.newest()
    assert header(message, "bcc") == []
    assert "mallory" not in message.source


@pytest.mark.parametrize(
    "email",
    [
        " alice@example.com",
        "alice@example.com\t",
        "alice@EXAMPLE.com",
        "Alice@Example.Com",
        "\r\nalice@example.com\r\n",
    ],
)
async def test_s_14_spellings_of_one_address_are_one_identity(house, email):
    answer = await house.start(email)
    assert answer.json() == (await house.start()).json()
    browser = house.browser()
    page = await browser.ask(email)
    assert "alice@example.com" in page.text
    await house.deliver()
    assert set(addressed(house)) == {"alice@example.com"}


async def test_s_14_the_two_spellings_of_an_international_domain_are_one_identity(house):
    unicode = await house.start("alice@bücher.example")
    ascii_label = await house.start("alice@xn--bcher-kva.example")
    assert unicode.json() == ascii_label.json()
    assert unicode.json()["email"] == "alice@xn--bcher-kva.example"


async def test_s_14_composed_and_decomposed_letters_are_one_identity(house):
    composed, decomposed = await house.start("zo\u00eb@example.com"), "zoe\u0308@example.com"
    assert composed.json() == (await house.start(decomposed)).json()


@pytest.mark.parametrize("email", ["alice@example.com.", "alice@example..com", "alice@localhost"])
async def test_s_14_a_domain_out_of_shape_is_refused_on_every_route(house, log, email):
    assert_refused(await house.start(email), 400, "bad.email", log)
    browser = house.browser()
    page = await browser.ask(email)
    assert "Enter an email address in the form" in page.text
    await assert_nothing_sent(house)


@pytest.mark.parametrize(
    "number",
    [
        "+19002345678",  # premium rate
        "+881612345678",  # satellite
        "+33639980012",  # France is not on the list
        "+15875550123",  # Canada shares +1
        "+88299999999",  # an international network
        "+447700900",  # too short
        "+1234567890123456",
        "+1 415 555 0101",
        "07700900123",
        "+44770090012٣",
        "+4477009001;ext=23",
        "tel:+447700900123",
    ],
)
async def test_s_16_numbers_that_may_not_be_texted_are_refused(house, log, number):
    answer = await house.start(**SMS, phone_number=number)
    assert_refused(answer, 400, "bad.phone_number", log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize("number", ["+33639980012", "+19002345678", "+881612345678"])
async def test_s_16_the_phone_page_refuses_them_in_words(house, number):
    browser = house.browser()
    page = await browser.get((await browser.authorize()).url + "/phone")
    page = await browser.post(page, phone=number, country="GB")
    assert page.status == 200
    assert "We can't send SMS" in page.text or "Enter a mobile number" in page.text
    await assert_nothing_sent(house)


async def test_s_18_where_sign_up_is_off_strangers_get_the_same_answer_and_no_message(tmp_path):
    async with a_quick_house(tmp_path, email={"sign_up": False}) as house:
        answer = await house.start()
        assert answer.status_code == 200
        assert set(answer.json()) == {"_id", "email", "email_verified"}
        page = await house.browser().ask("bob@example.com")
        assert page.heading == "Check your email"
        await assert_nothing_sent(house)


async def test_s_18_a_direct_post_to_the_form_does_not_open_it_either(tmp_path):
    async with a_quick_house(tmp_path, email={"sign_up": False}) as house:
        browser = house.browser()
        page = await browser.authorize()
        page = await browser.post(page, email="bob@example.com", sign_up="true", as_typed="x")
        page = await browser.post(page, code="123456")
        assert "That code isn't right" in page.text
        await assert_nothing_sent(house)


@pytest.mark.parametrize("send", list(Send))
async def test_s_20_no_answer_of_a_start_holds_the_secret(house, send):
    await house.change(send="both")
    answer = await house.start(send=send)
    message = await house.newest()
    browser = house.browser()
    page = await browser.ask("bob@example.com")
    bobs = await house.newest("bob@example.com")
    shown = answer.text + str(answer.headers) + page.response.text + str(page.response.headers)
    shown += "".join(str(cookie.value) for cookie in browser.http.cookies.jar) + page.url
    for secret in (message.code, message.link, bobs.code, bobs.link):
        assert secret is None or (secret not in shown and secret.rpartition("/")[2] not in shown)


@pytest.mark.parametrize("params", ["redirect_uri=x", ["state"], 7, True])
async def test_s_21_parameters_that_are_no_object_are_refused(house, log, params):
    answer = await house.start(send="link", authParams=params)
    assert_refused(answer, 400, "bad.authParams", log)
    await assert_nothing_sent(house)


@pytest.mark.parametrize(
    "params",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": [CALLBACK]},
        {"response_type": "token"},
        {"response_type": "code token"},
        {"response_type": "id_token"},
        {"response_mode": "form_post"},
        {"response_mode": "fragment"},
        {"code_challenge": "x" * 43, "code_challenge_method": "plain"},
        {"code_challenge": "x" * 43},
        {"code_challenge": "x" * 10, "code_challenge_method": "S256"},
        {"state": "s" * 2049},
        {"state": {"a": 1}},
        {"scope": 7},
    ],
    ids=str,
)
async def test_s_21_a_link_may_lead_only_where_the_client_is_registered(house, log, params):
    answer = await house.start(send="link", authParams=params)
    assert_refused(answer, 400, "bad.authParams", log)
    await assert_nothing_sent(house)


async def test_s_21_a_state_of_100_kilobytes_is_too_large(house, log):
    answer = await house.start(send="link", authParams={"state": "s" * 100_000})
    assert_refused(answer, 413, "bad.request", log)
    await assert_nothing_sent(house)


async def test_s_21_what_a_code_does_not_need_is_not_kept_to_be_followed_later(house):
    answer = await house.start(authParams={"redirect_uri": "https://evil.example/"})
    assert answer.status_code == 200
    assert "evil.example" not in dump(house)


@pytest.mark.parametrize(
    "members",
    [
        {"__proto__": {"admin": True}},
        {"verified": True, "email_verified": True},
        {"user_id": "email|000000000000000000000000"},
        {"captcha": "x", "nonsense": [1, 2]},
        {"phone_number": "+447700900123"},
        {"sub": "x", "sign_up": True, "blocked": False},
    ],
    ids=str,
)
async def test_s_22_members_we_do_not_know_are_ignored(house, members):
    answer = await house.start(**members)
    assert answer.json() == (await house.start()).json()
    assert answer.json()["email_verified"] is False
    tokens = (await house.exchange(await house.code())).json()
    async with house.http(Authorization=f"Bearer {tokens['access_token']}") as http:
        claims = (await http.get("/userinfo")).json()
    assert claims["sub"].startswith("email|")
    assert claims["sub"] != "email|000000000000000000000000"
    assert {message.recipient for message in house.inbox.list()} == {"alice@example.com"}
