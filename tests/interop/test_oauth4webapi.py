"""``oauth4webapi`` 3 for Node.js, certified by the OpenID Foundation: it checks every answer."""

import pytest

from tests.support.interop import WEB
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


def test_a_token_is_introspected(oauth4webapi, alice):
    found = oauth4webapi("introspect", alice)

    assert (found["active"], found["client_id"]) == (True, WEB)
