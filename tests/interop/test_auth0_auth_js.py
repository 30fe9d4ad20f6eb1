"""``@auth0/auth0-auth-js``: it reads discovery, and checks every ID token by it."""

import pytest

from tests.support.interop_node import run_node


@pytest.fixture
def auth(world):
    def go(journey: str, who: str = "", **told: str | bool):
        return run_node(world, "auth0_auth_js.mjs", journey=journey, who=who, **told)

    return go


def test_an_emailed_code_signs_in(auth, alice):
    assert auth("email", alice)["email"] == alice


def test_a_texted_code_signs_in(auth, number):
    assert auth("sms", number)["phone_number"] == number


def test_an_emailed_link_signs_in(auth, alice):
    assert auth("link", alice)["email"] == alice


def test_a_wrong_code_is_refused_in_auth0s_words(auth, alice):
    assert auth("wrong", alice) == ["invalid_grant", "Wrong email or verification code."]


def test_the_code_flow_with_pkce_signs_in(auth, alice):
    assert auth("code", alice)["email"] == alice


def test_a_pushed_request_signs_in(auth, alice):
    assert auth("code", alice, pushed=True)["email"] == alice


@pytest.mark.parametrize("way", ["secret", "key"])
def test_a_refresh_token_brings_new_tokens(auth, alice, way):
    assert auth("refresh", alice, way=way)["email"] == alice


@pytest.mark.parametrize("way", ["secret", "key"])
def test_an_application_gets_a_token_of_its_own_for_an_api(auth, way):
    assert auth("credentials", way=way)["accessToken"]
