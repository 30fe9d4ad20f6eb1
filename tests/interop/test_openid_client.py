"""``openid-client`` 6 for Node.js, certified by the OpenID Foundation."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.interop_node import run_node


@pytest.fixture
def openid_client(world):
    def go(journey: str, who: str = "", **told: str):
        return run_node(world, "openid_client.mjs", journey=journey, who=who, **told)

    return go


@pytest.mark.parametrize("way", ["basic", "post", "key", "none"])
def test_the_code_flow_with_pkce_signs_in(openid_client, alice, world, way):
    found = openid_client("code", alice, way=way)

    assert found["claims"]["iss"] == world.issuer
    assert found["person"] == {
        "sub": found["claims"]["sub"],
        "email": alice,
        "email_verified": True,
    }


def test_a_code_is_exchanged_once(openid_client, alice):
    assert openid_client("twice", alice) == "invalid_grant"


def test_signing_out_ends_the_session(openid_client, alice, world):
    found = openid_client("endSession", alice)

    assert found["left"] == f"{world.app}/?state=bye"
    assert parse_qs(urlsplit(found["silent"]).query)["error"] == ["login_required"]


def test_a_pushed_request_signs_in(openid_client, alice):
    assert openid_client("pushed", alice)["email"] == alice


@pytest.mark.parametrize("way", ["basic", "none"])
def test_a_refresh_token_brings_new_tokens_until_it_is_revoked(openid_client, alice, way):
    found = openid_client("refresh", alice, way=way)

    assert found["person"]["email"] == alice
    assert found["refused"] == "invalid_grant"


def test_a_token_is_introspected_until_it_is_revoked(openid_client, alice):
    found = openid_client("introspect", alice)

    assert found["before"]["active"]
    assert found["before"]["sub"] == found["sub"]
    assert found["after"] == {"active": False}


@pytest.mark.parametrize("way", ["basic", "post", "key"])
def test_an_application_gets_a_token_of_its_own_for_an_api(openid_client, way):
    tokens = openid_client("credentials", way=way)

    assert tokens["token_type"] == "bearer"
    assert "id_token" not in tokens


def test_a_television_signs_in_by_the_code_it_shows(openid_client, alice):
    assert openid_client("device", alice, way="device")["email"] == alice
