"""Claims asked for by name, and what of them is kept."""

import json

import pytest

from latchstring.web.oidc import claims_parameter
from tests.support.provider import BOB, query, where


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (None, None),
        ("{}", None),
        ('{"userinfo": null, "id_token": null}', None),
        ('{"userinfo": {"email": null}}', {"userinfo": ["email"]}),
        ('{"userinfo": {"name": {"essential": true}}}', {"userinfo": ["name"]}),
        ('{"id_token": {"auth_time": {"essential": true}}}', {"id_token": ["auth_time"]}),
        ('{"id_token": {"acr": {"values": ["1"]}}, "verified_claims": {}}', None),
        ('{"userinfo": {"http://example.info/claims/groups": null, "email#de": {}}}', None),
        ('{\n\t"userinfo": {\r\n "phone_number": {"value": "1"}}}', {"userinfo": ["phone_number"]}),
    ],
)
def test_known_names_are_kept_and_nothing_that_was_said_of_them(text, kept):
    found = claims_parameter.read(text).kept

    assert (None if found is None else {k: list(v) for k, v in json.loads(found).items()}) == kept


MALFORMED = [
    "",
    "x",
    "[]",
    "1",
    "null",
    '{"userinfo": []}',
    '{"userinfo": "email"}',
    '{"userinfo": {"email": true}}',
    '{"id_token": {"email": ["x"]}}',
    '{"id_token": {"sub": {"value": 1}}}',
    r'{"id_token": {"sub": {"value": "email|\u0000"}}}',
    r'{"id_token": {"sub": {"value": "email|\ud800"}}}',
    '{"userinfo": {"email": null}',
    "[" * 3000,
    '{"userinfo": ' * 150 + "}" * 150,
]


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_claims_request_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - which of them is all the same
        claims_parameter.read(text)


@pytest.mark.parametrize("text", [text for text in MALFORMED if text])
async def test_the_application_is_told_of_malformed_claims(browser, text):
    assert query(await browser.authorize(claims=text))["error"] == "invalid_request"


async def test_claims_by_name_come_where_they_were_asked_for(browser, application, provider):
    await browser.sign_in()
    claims = '{"userinfo":{"email":{"essential":true}},"id_token":{"name":null,"x":null}}'
    tokens = (
        await application.token(code=await browser.code(scope="openid", claims=claims))
    ).json()

    told = (
        await application.http.get(
            "/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
    ).json()

    assert told["email"] == "alice@example.com"
    assert "name" not in told
    assert provider.claims(tokens["id_token"])["name"] == "alice@example.com"
    assert "email" not in provider.claims(tokens["id_token"])


async def test_claims_survive_the_sign_in(browser, application, provider):
    claims = '{"id_token":{"email":null}}'
    waiting = where(await browser.authorize(scope="openid", claims=claims))
    provider.clock.advance(20)
    await browser.sign_in()
    response = await browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))

    tokens = (await application.token(code=query(response)["code"])).json()

    assert provider.claims(tokens["id_token"])["email"] == "alice@example.com"


async def test_a_named_subject_is_the_only_one_who_may_answer(browser, provider):
    session = await browser.sign_in()
    right = json.dumps({"id_token": {"sub": {"value": session.user_id}}})
    wrong = json.dumps({"id_token": {"sub": {"value": await provider.user(BOB)}}})

    assert await browser.code(claims=right, prompt="none")
    assert query(await browser.authorize(claims=wrong))["error"] == "login_required"


async def test_an_essential_acr_is_never_met_and_a_voluntary_one_never_claimed(
    browser, application, provider
):
    await browser.sign_in()
    essential = '{"id_token":{"acr":{"essential":true,"values":["urn:mace:incommon:iap:silver"]}}}'
    voluntary = '{"id_token":{"acr":{"values":["1","2"]}}}'

    refused = query(await browser.authorize(claims=essential))
    tokens = (await application.token(code=await browser.code(claims=voluntary))).json()

    assert refused["error"] == "unmet_authentication_requirements"
    assert "acr" not in provider.claims(tokens["id_token"])
