"""``auth0`` for Node.js, version 4: it checks every ID token itself."""

import pytest

from tests.support.interop_node import run_node

WRONG = [403, "invalid_grant", "Wrong email or verification code."]
ENOUGH = "You've reached the maximum number of attempts. Please try to login again."


@pytest.fixture
def auth0(world):
    def go(journey: str, who: str = "", **told: str):
        return run_node(world, "auth0.mjs", journey=journey, who=who, **told)

    return go


def test_an_emailed_code_signs_in(auth0, alice):
    found = auth0("email", alice)

    assert found["tokens"]["token_type"] == "Bearer"
    assert found["person"]["sub"].startswith("email|")
    assert (found["person"]["email"], found["person"]["email_verified"]) == (alice, True)


def test_a_texted_code_signs_in(auth0, number):
    found = auth0("sms", number)

    assert found["person"]["sub"].startswith("sms|")
    assert found["person"]["phone_number"] == number


def test_an_email_is_sent_as_a_link_unless_the_caller_says_otherwise(auth0, alice):
    assert auth0("link", alice)["person"]["sub"].startswith("email|")


def test_a_wrong_code_is_refused_in_auth0s_words(auth0, alice):
    assert auth0("wrong", alice) == [WRONG, WRONG, [403, "invalid_grant", ENOUGH]]


def test_the_code_flow_with_pkce_signs_in(auth0, alice):
    found = auth0("pkce", alice)

    assert found["state"] == "a-state"
    assert found["person"]["email"] == alice


@pytest.mark.parametrize("way", ["secret", "key"])
def test_a_refresh_token_brings_new_tokens_until_it_is_revoked(auth0, alice, way):
    found = auth0("refresh", alice, way=way)

    assert found["person"]["email"] == alice
    assert found["refused"] == [400, "invalid_grant", "Unknown or invalid refresh token."]


@pytest.mark.parametrize("way", ["secret", "key"])
def test_an_application_gets_a_token_of_its_own_for_an_api(auth0, way):
    tokens = auth0("credentials", way=way)

    assert tokens["token_type"] == "Bearer"
    assert "id_token" not in tokens


def test_a_pushed_request_signs_in(auth0, alice):
    assert auth0("pushed", alice)["person"]["email"] == alice
