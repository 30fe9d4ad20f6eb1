"""``oauth4webapi`` 3 for Node.js, certified by the OpenID Foundation: it checks every answer."""

import pytest

from tests.support.interop import API, WEB
from tests.support.interop_node import run_node


@pytest.fixture
def oauth4webapi(world):
    def go(journey: str, who: str = "", **told: str):
        return run_node(world, "oauth4webapi.mjs", journey=journey, who=who, **told)

    return go


@pytest.mark.parametrize("way", ["basic", "post", "key", "none"])
def test_the_code_flow_with_pkce_signs_in(oauth4webapi, alice, way):
    found = oauth4webapi("code", alice, way=way)

    sub = found["claims"]["sub"]
    assert found["person"] == {"sub": sub, "email": alice, "email_verified": True}


def test_the_server_is_discovered_as_rfc_8414_has_it_too(oauth4webapi, alice):
    found = oauth4webapi("code", alice, algorithm="oauth2")

    assert found["person"]["email"] == alice


def test_whoever_is_signed_in_is_not_asked_again(oauth4webapi, alice):
    assert oauth4webapi("again", alice)["email"] == alice


def test_whoever_is_not_signed_in_is_not_asked_where_the_client_forbids_it(oauth4webapi, alice):
    assert oauth4webapi("silently", alice) == "login_required"


@pytest.mark.parametrize("way", ["basic", "none"])
def test_a_pushed_request_signs_in(oauth4webapi, alice, way):
    assert oauth4webapi("pushed", alice, way=way)["email"] == alice


@pytest.mark.parametrize("way", ["basic", "none"])
def test_a_refresh_token_brings_new_tokens_until_it_is_revoked(oauth4webapi, alice, way):
    found = oauth4webapi("refresh", alice, way=way)

    assert found["person"]["email"] == alice
    assert found["refused"] == "invalid_grant"


def test_a_token_is_introspected(oauth4webapi, alice):
    found = oauth4webapi("introspect", alice)

    assert (found["active"], found["client_id"]) == (True, WEB)


def test_an_apis_token_is_one_as_rfc_9068_has_it(oauth4webapi):
    claims = oauth4webapi("credentials")

    assert API in claims["aud"]
    assert claims["client_id"] == WEB


def test_a_television_signs_in_by_the_code_it_shows(oauth4webapi, alice):
    assert oauth4webapi("device", alice, way="device")["email"] == alice
