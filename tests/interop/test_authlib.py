"""Authlib as a client: it reads the discovery document and nothing else."""

from collections.abc import Mapping
from typing import Any

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.interop import SPA, WEB, World
from tests.support.server import SECRET

CLIENTS: Mapping[str, dict[str, Any]] = {
    "basic": {"client_id": WEB, "client_secret": SECRET},
    "post": {
        "client_id": WEB,
        "client_secret": SECRET,
        "token_endpoint_auth_method": "client_secret_post",
    },
    "none": {"client_id": SPA, "token_endpoint_auth_method": "none"},
}


@pytest.fixture(autouse=True)
def _trust_the_authority(monkeypatch, world):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(world.certificates.authority))


@pytest.fixture
def metadata(world) -> dict[str, Any]:
    found = requests.get(f"{world.issuer}.well-known/openid-configuration", timeout=5)
    found.raise_for_status()
    return found.json()


def a_session(world: World, way: str, scope: str) -> OAuth2Session:
    callback = f"{world.app}/spa" if way == "none" else world.callback
    return OAuth2Session(
        **CLIENTS[way], scope=scope, redirect_uri=callback, code_challenge_method="S256"
    )


def signed_in(session: OAuth2Session, metadata, visitor, who: str) -> str:
    """Walk through the code flow; return the ID token's subject, once its claims are checked."""
    verifier, nonce = generate_token(48), generate_token(16)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    back = visitor.sign_in(url, who)
    tokens = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=back,
        code_verifier=verifier,
        state=state,
    )
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=5).json())
    claims = jwt.decode(tokens["id_token"], keys).claims
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": metadata["issuer"]},
        aud={"essential": True, "value": session.client_id},
        nonce={"essential": True, "value": nonce},
    )
    registry.validate(claims)
    return claims["sub"]


@pytest.mark.parametrize("way", CLIENTS)
def test_the_code_flow_with_pkce_signs_in(world, metadata, visitor, alice, way):
    session = a_session(world, way, "openid email")

    sub = signed_in(session, metadata, visitor, alice)

    found = session.get(metadata["userinfo_endpoint"]).json()
    assert found == {"sub": sub, "email": alice, "email_verified": True}


def test_a_texted_code_signs_in_on_the_page(world, metadata, visitor, number):
    session = a_session(world, "basic", "openid phone")

    signed_in(session, metadata, visitor, number)

    found = session.get(metadata["userinfo_endpoint"]).json()
    assert found["phone_number"] == number


def test_a_wrong_secret_is_refused(world, metadata, visitor, alice):
    session = a_session(world, "basic", "openid")
    session.client_secret = "not-the-secret-that-acme-has-with-us"

    with pytest.raises(OAuthError) as refused:
        signed_in(session, metadata, visitor, alice)

    assert refused.value.error == "invalid_client"


def test_a_refresh_token_brings_new_tokens_until_it_is_revoked(world, metadata, visitor, alice):
    session = a_session(world, "basic", "openid email offline_access")
    signed_in(session, metadata, visitor, alice)

    session.refresh_token(metadata["token_endpoint"])

    assert session.get(metadata["userinfo_endpoint"]).json()["email"] == alice
    newest = session.token["refresh_token"]
    session.revoke_token(metadata["revocation_endpoint"], token=newest)
    with pytest.raises(OAuthError) as refused:
        session.refresh_token(metadata["token_endpoint"], refresh_token=newest)
    assert refused.value.error == "invalid_grant"


def test_a_token_is_introspected_until_it_is_revoked(world, metadata, visitor, alice):
    session = a_session(world, "basic", "openid")
    sub = signed_in(session, metadata, visitor, alice)
    token = session.token["access_token"]

    def introspected():
        return session.introspect_token(metadata["introspection_endpoint"], token=token).json()

    assert (introspected()["active"], introspected()["sub"]) == (True, sub)
    session.revoke_token(metadata["revocation_endpoint"], token=token)
    assert introspected() == {"active": False}
