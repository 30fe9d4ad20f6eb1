"""Where a link that was started at the API ends."""

from typing import Any

import pytest

from latchstring.base.errors import InvalidRequest
from latchstring.domain.clients.client import Client
from latchstring.web.auth0.return_to import wanted
from tests.support.house import CALLBACK, a_client_settings, a_public_client

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
WEB = Client.of(a_client_settings())
SPA = Client.of(a_public_client())


def test_without_parameters_it_is_the_client_s_first_callback():
    found = wanted(WEB, {})
    assert found is not None
    assert (found.redirect_uri, found.scope, found.response_mode) == (CALLBACK, "openid", "query")
    assert (found.state, found.nonce, found.code_challenge) == (None, None, None)


def test_state_nonce_and_scope_travel_along():
    params = {"state": "s", "nonce": "n", "scope": "openid email offline_access", **PKCE}
    found = wanted(WEB, {"redirect_uri": CALLBACK, "response_type": "code", **params})
    assert found is not None
    assert (found.state, found.nonce, found.scope) == ("s", "n", "openid email")
    assert found.code_challenge == CHALLENGE


def test_a_client_without_callbacks_has_nowhere_to_send_people_back_to():
    assert wanted(Client.of(a_client_settings(callbacks=())), {"state": "s"}) is None


def test_a_public_client_that_bound_nothing_gets_no_code():
    assert wanted(SPA, {}) is None


def test_a_public_client_s_link_ends_at_its_address_with_a_bound_code():
    found = wanted(SPA, {"redirect_uri": CALLBACK, **PKCE})
    assert found is not None
    assert found.code_challenge == CHALLENGE
    assert wanted(SPA, PKCE) == found


@pytest.mark.parametrize(
    ("client", "params", "reason"),
    [
        (SPA, {"redirect_uri": CALLBACK}, "must send code_challenge"),
        (WEB, {"redirect_uri": "https://evil.example/"}, "not among the client's callbacks"),
        (WEB, {"response_type": "token"}, "response_type must be code"),
        (WEB, {"response_mode": "fragment"}, "response_mode must be query"),
        (WEB, {"code_challenge": CHALLENGE}, "must be S256"),
        (WEB, {**PKCE, "code_challenge_method": "plain"}, "must be S256"),
        (WEB, {**PKCE, "code_challenge": "short"}, "malformed"),
        (WEB, {"redirect_uri": 7}, "one line"),
    ],
)
def test_what_does_not_fit_the_client_is_refused(
    client: Client, params: dict[str, Any], reason: str
):
    with pytest.raises(InvalidRequest, match=reason) as caught:
        wanted(client, params)
    assert caught.value.field == "authParams"
