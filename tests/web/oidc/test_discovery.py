"""What is advertised works, and nothing else is."""

import jwt
import pytest

from latchstring.base.settings import SigningAlgorithm
from latchstring.base.settings_texts import RESPONSE_TYPES
from latchstring.domain.keys import store as keys
from latchstring.domain.keys.key import KeyState, generate
from latchstring.domain.keys.rotation import PUBLISHED_FIRST
from tests.support.places import USUAL
from tests.support.provider import AT, ISSUER, KEYRING, a_client

WELL_KNOWN = "/.well-known/openid-configuration"


async def test_both_addresses_tell_the_same(application):
    openid = await application.http.get(WELL_KNOWN)
    oauth = await application.http.get("/.well-known/oauth-authorization-server")

    assert openid.content == oauth.content
    assert openid.headers["content-type"] == "application/json"
    assert openid.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1:8321", "localhost"])
async def test_the_issuer_is_the_configured_one_behind_every_host(application, host):
    headers = {"Host": host, "X-Forwarded-Host": host, "X-Forwarded-Proto": "https"}

    document = (await application.http.get(WELL_KNOWN, headers=headers)).json()

    assert document["issuer"] == ISSUER
    addresses = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(addresses) >= 7
    assert all(address.startswith(ISSUER) for address in addresses)


async def test_only_what_works_is_advertised(application):
    document = (await application.http.get(WELL_KNOWN)).json()

    assert document["response_types_supported"] == list(RESPONSE_TYPES)
    assert document["response_modes_supported"] == ["query", "fragment", "form_post", "web_message"]
    assert document["claims_parameter_supported"] is True
    assert document["grant_types_supported"] == [
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
        "refresh_token",
        "implicit",
    ]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256", "ES256"]
    assert document["scopes_supported"] == ["openid", "profile", "email", "phone", "offline_access"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["request_parameter_supported"] is False
    assert document["ui_locales_supported"] == ["en"]
    assert document["request_uri_parameter_supported"] is False
    everybody = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
    for endpoint, methods in (
        ("token", everybody),
        ("revocation", everybody),
        ("introspection", everybody[:3]),
    ):
        assert document[f"{endpoint}_endpoint_auth_methods_supported"] == methods
        algorithms = document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert algorithms == ["RS256", "ES256"]
    for name in ("authorization", "device_authorization", "token", "userinfo", "end_session"):
        path = document[f"{name}_endpoint"].removeprefix(ISSUER)
        assert (await application.http.options(f"/{path}")).status_code == 204


async def test_every_claim_in_an_id_token_is_advertised(browser, application, provider):
    await browser.sign_in()
    tokens = (await application.token(code=await browser.code(nonce="n"))).json()
    document = (await application.http.get(WELL_KNOWN)).json()

    assert provider.claims(tokens["id_token"]).keys() <= set(document["claims_supported"])


async def test_an_independent_verifier_finds_its_key(browser, application):
    await browser.sign_in()
    tokens = (await application.token(code=await browser.code())).json()

    response = await application.http.get("/.well-known/jwks.json")

    key, other = response.json()["keys"]
    assert other.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (other["kty"], other["crv"], other["alg"]) == ("EC", "P-256", "ES256")
    assert key.keys() == {"kty", "n", "e", "kid", "use", "alg"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    header = jwt.get_unverified_header(tokens["id_token"])
    assert header == {"alg": "RS256", "typ": "JWT", "kid": key["kid"]}


async def test_the_keys_may_be_kept_for_half_as_long_as_a_key_is_published_before_it_signs(
    application,
):
    response = await application.http.get("/.well-known/jwks.json")

    assert response.headers["cache-control"] == "public, max-age=300"
    assert PUBLISHED_FIRST.total_seconds() == 600


async def test_a_client_gets_its_id_tokens_signed_as_it_wants(browser, application, provider):
    provider.clients["acme-web"] = a_client(id_token_signed_response_alg=SigningAlgorithm.ES256)
    await browser.sign_in()

    tokens = (await application.token(code=await browser.code())).json()

    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "ES256"
    assert provider.claims(tokens["id_token"])["aud"] == "acme-web"


@pytest.mark.at(*USUAL)  # it looks into one node
async def test_a_new_key_is_published_without_a_restart(application, provider):
    published = (await application.http.get("/.well-known/jwks.json")).json()["keys"]
    following = generate(SigningAlgorithm.ES256, KeyState.NEXT, KEYRING, now=AT)
    stored = await provider.database.read(keys.list_keys)

    provider.signer.replace([*stored, following])

    now_published = (await application.http.get("/.well-known/jwks.json")).json()["keys"]
    assert now_published == [*published, following.public_jwk]


@pytest.mark.parametrize(
    "path", [WELL_KNOWN, "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"]
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_pages_of_anybody_may_read_what_is_published(application, path, method):
    headers = {"Origin": "https://stranger.test", "Access-Control-Request-Method": "GET"}
    response = await application.http.request(method, path, headers=headers)

    assert response.status_code == (200 if method == "GET" else 204)
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


async def test_what_the_openid_dynamic_plan_looks_for_is_there(application):
    document = (await application.http.get(WELL_KNOWN)).json()

    types = {frozenset(words.split()) for words in document["response_types_supported"]}
    assert {frozenset({"code"}), frozenset({"id_token"}), frozenset({"id_token", "token"})} <= types
    assert {"authorization_code", "implicit"} <= set(document["grant_types_supported"])
    assert "RS256" in document["userinfo_signing_alg_values_supported"]
    assert {"private_key_jwt", "client_secret_basic"} <= set(
        document["token_endpoint_auth_methods_supported"]
    )
