"""The modules of the OpenID Foundation's dynamic plan that are not tried elsewhere.

The plan registers a client for each module, with ``private_key_jwt``. Those of signed requests are
in ``test_request_objects``, of registrations in ``test_registration``.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from tests.support.publishing import CALLBACK, ISSUER, Desk, a_desk

WELL_KNOWN = "/.well-known/openid-configuration"


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as found:
        yield found


async def document(desk: Desk) -> dict[str, Any]:
    async with desk.house.http() as http:
        found: dict[str, Any] = (await http.get(WELL_KNOWN)).json()
    return found


async def test_oidcc_discovery_endpoint_verification_as_a_dynamic_provider(desk):
    found = await document(desk)

    types = [frozenset(text.split()) for text in found["response_types_supported"]]
    assert {frozenset({"code"}), frozenset({"id_token"}), frozenset({"id_token", "token"})} <= set(
        types
    )
    assert {"authorization_code", "implicit"} <= set(found["grant_types_supported"])
    assert "openid" in found["scopes_supported"]
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert "sub" in found["claims_supported"]
    assert found["registration_endpoint"] == f"{ISSUER}oidc/register"
    assert found["claims_parameter_supported"] is True


async def test_modules_of_what_is_not_offered_skip_themselves(desk):
    """oidcc-idtoken-unsigned, oidcc-registration-sector-uri and -bad ask discovery first."""
    found = await document(desk)

    assert "none" not in found["id_token_signing_alg_values_supported"]
    assert "pairwise" not in found["subject_types_supported"]


async def test_oidcc_refresh_token(desk):
    assert "offline_access" in (await document(desk))["scopes_supported"]
    asked = {"scope": "openid offline_access", "prompt": "consent"}
    grants = ["authorization_code", "refresh_token"]

    answers = []
    for _ in range(2):
        await desk.register(grant_types=grants)
        back = await desk.consented(desk.asked(**asked))
        tokens = await desk.token(code=back.query["code"], redirect_uri=CALLBACK)
        answers.append((desk.client_id, tokens.json()))
        desk.house.clock.advance(1)
        again = await desk.token(
            grant_type="refresh_token",
            refresh_token=tokens.json()["refresh_token"],
            scope="openid offline_access",
        )
        assert again.status_code == 200, again.text
        first, second = (_claims(found.json()["id_token"]) for found in (tokens, again))
        assert {"iss", "sub", "aud", "auth_time"} <= first.keys()
        assert all(first[name] == second[name] for name in ("iss", "sub", "aud", "auth_time"))
        assert first["iat"] < second["iat"]
        assert again.json()["access_token"] != tokens.json()["access_token"]

    theirs = await desk.token(
        answers[0][0],
        grant_type="refresh_token",
        refresh_token=answers[1][1]["refresh_token"],
        scope="openid offline_access",
    )
    assert (theirs.status_code, theirs.json()["error"]) == (400, "invalid_grant")


def _claims(id_token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(id_token, options={"verify_signature": False})
    return found


async def test_oidcc_userinfo_rs256(desk):
    await desk.register(userinfo_signed_response_alg="RS256")
    back = await desk.consented(desk.asked())
    tokens = (await desk.token(code=back.query["code"], redirect_uri=CALLBACK)).json()
    async with desk.house.http() as http:
        answer = await http.get(
            "/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
        keys = jwt.PyJWKSet.from_dict((await http.get("/.well-known/jwks.json")).json())

    assert answer.headers["content-type"] == "application/jwt"
    key = keys[jwt.get_unverified_header(answer.text)["kid"]]
    told = jwt.decode(
        answer.text, key, algorithms=["RS256"], audience=desk.client_id, issuer=ISSUER
    )
    assert told["sub"] == _claims(tokens["id_token"])["sub"]


@pytest.mark.parametrize("response_type", ["id_token", "id_token token", "code id_token token"])
async def test_oidcc_server_with_the_other_response_types(desk, response_type):
    grants = ["authorization_code", "implicit"] if "code" in response_type else ["implicit"]
    told = await desk.register(response_types=[response_type], grant_types=grants)
    assert (told.status_code, told.json()["grant_types"]) == (201, grants), told.text

    back = await desk.consented(desk.asked(response_type=response_type))

    found = fragment_of(back.left_for)
    assert found["state"] == "inside"
    assert set(response_type.split()) == {"id_token", "code", "token"} & {
        name.removeprefix("access_") for name in found
    }
    assert _claims(found["id_token"])["nonce"] == "n-1"


def fragment_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).fragment, strict_parsing=True))


async def test_oidcc_redirect_uris_that_are_not_the_registered_one_get_a_page(desk):
    """oidcc-ensure-redirect-uri-…, oidcc-redirect-uri-query-added, -mismatch, and -OK."""
    registered = f"{CALLBACK}?dummy1=lorem&dummy2=ipsum"
    await desk.register(redirect_uris=[registered])
    async with desk.house.http() as http:
        for bad in (None, CALLBACK, f"{registered}&foo=bar", f"{CALLBACK}?dummy1=ipsum"):
            page = await http.get("/authorize", params=desk.asked(redirect_uri=bad))
            assert (page.status_code, "location" in page.headers) == (400, False)

    back = await desk.consented(desk.asked(redirect_uri=registered))

    assert back.left_for.startswith(f"{registered}&")
    assert back.query["code"]
