"""Programs that call an API in their own name."""

from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest

from latchstring.base.settings import ApiSettings, GrantType, SigningAlgorithm
from tests.support.house import ORIGIN, SECRET, House, a_client_settings, a_house, a_public_client

LETTERS = "https://api.acme.test/"
STAMPS = "https://stamps.acme.test/"
MACHINE = (GrantType.CLIENT_CREDENTIALS,)


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[House]:
    apis = (
        ApiSettings(identifier=LETTERS, name="Letters", scopes=("read:letters", "write:letters")),
        ApiSettings(identifier=STAMPS, name="Stamps", signing_alg=SigningAlgorithm.ES256),
    )
    clients = (
        a_client_settings(),
        a_client_settings(client_id="robot", grant_types=MACHINE, apis=(LETTERS,)),
        a_client_settings(client_id="two", grant_types=MACHINE, apis=(LETTERS, STAMPS, "urn:gone")),
        a_client_settings(client_id="none", grant_types=MACHINE),
        a_public_client(),
    )
    async with a_house(tmp_path, apis=apis, clients=clients) as found:
        yield found


async def ask(house: House, **changes: Any):
    body = {
        "grant_type": "client_credentials",
        "client_id": "robot",
        "client_secret": SECRET,
        "audience": LETTERS,
    }
    found = {name: value for name, value in (body | changes).items() if value is not ...}
    async with house.http() as http:
        return await http.post("/oauth/token", json=found)


async def read(house: House, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an API that is not ours reads."""
    async with house.http() as http:
        keys = jwt.PyJWKSet.from_json((await http.get("/.well-known/jwks.json")).text)
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=["RS256", "ES256"],
        options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
    )
    return header, claims


async def test_a_machine_gets_a_signed_token_and_nothing_else(house):
    response = await ask(house)

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    tokens = response.json()
    assert tokens.keys() == {"access_token", "scope", "expires_in", "token_type"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 86400)
    assert tokens["scope"] == "read:letters write:letters"
    header, claims = await read(house, tokens["access_token"])
    assert header["typ"] == "at+jwt"
    seconds = int(house.clock.now().timestamp())
    assert claims.pop("jti")
    assert claims == {
        "iss": f"{ORIGIN}/",
        "sub": "robot@clients",
        "aud": LETTERS,
        "azp": "robot",
        "client_id": "robot",
        "iat": seconds,
        "exp": seconds + 86400,
        "scope": "read:letters write:letters",
        "gty": "client-credentials",
    }


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("read:letters", "read:letters"),
        ("write:letters read:letters read:letters", "write:letters read:letters"),
        ("read:letters openid offline_access admin", "read:letters"),
        ("admin", ""),
        (None, "read:letters write:letters"),
        ("", "read:letters write:letters"),
    ],
)
async def test_scopes_are_those_of_the_api_that_were_asked_for(house, asked, granted):
    tokens = (await ask(house, scope=asked)).json()

    assert tokens["scope"] == granted
    assert (await read(house, tokens["access_token"]))[1]["scope"] == granted


async def test_auth0s_sdks_send_an_organization_that_is_null(house):
    assert (await ask(house, organization=None)).status_code == 200


async def test_the_only_api_need_not_be_named(house):
    response = await ask(house, audience=...)

    assert (await read(house, response.json()["access_token"]))[1]["aud"] == LETTERS


@pytest.mark.parametrize("name", ["two", "none"])
async def test_without_the_only_api_an_audience_is_needed(house, name):
    response = await ask(house, client_id=name, audience=None)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert response.json()["error_description"] == "Missing required parameter: audience"


async def test_each_api_has_its_own_algorithm(house):
    response = await ask(house, client_id="two", audience=STAMPS)

    assert response.json()["scope"] == ""
    header, claims = await read(house, response.json()["access_token"])
    assert (header["alg"], claims["aud"]) == ("ES256", STAMPS)


@pytest.mark.parametrize(
    ("name", "audience", "reason"),
    [
        ("robot", STAMPS, "not among its apis"),
        ("none", LETTERS, "not among its apis"),
        ("robot", LETTERS.removesuffix("/"), "not registered"),
        ("two", "urn:gone", "not registered"),
        ("robot", f"{ORIGIN}/userinfo", "not registered"),
    ],
)
async def test_another_api_is_refused_with_the_reason(house, name, audience, reason):
    response = await ask(house, client_id=name, audience=audience)

    assert (response.status_code, response.json()["error"]) == (403, "access_denied")
    assert reason in response.json()["error_description"]


@pytest.mark.parametrize("secret", [None, "", "wrong"])
async def test_t10_a_machine_must_prove_itself(house, secret):
    response = await ask(house, client_secret=secret)

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(("name", "secret"), [("acme-web", SECRET), ("acme-spa", None)])
async def test_the_grant_is_for_those_who_have_it(house, name, secret):
    response = await ask(house, client_id=name, client_secret=secret)

    assert (response.status_code, response.json()["error"]) == (403, "unauthorized_client")
    sentence = "Grant type 'client_credentials' not allowed for the client."
    assert response.json()["error_description"] == sentence


async def test_a_machines_token_opens_no_persons_claims(house):
    token = (await ask(house)).json()["access_token"]
    async with house.http() as http:
        response = await http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code in (401, 403)


async def test_a_machines_token_can_be_revoked(house):
    token = (await ask(house)).json()["access_token"]
    form = {"client_id": "robot", "client_secret": SECRET, "token": token}
    async with house.http() as http:
        before = await http.post("/oauth/introspect", data=form)
        await http.post("/oauth/revoke", data=form)
        after = await http.post("/oauth/introspect", data=form)

    assert before.json()["active"] is True
    assert before.json()["sub"] == "robot@clients"
    assert after.json() == {"active": False}
