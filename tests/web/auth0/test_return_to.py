"""Where a link that was started at the API ends."""

from typing import Any

import pytest

from latchstring.base.errors import InvalidRequest
from latchstring.domain.apis.api import UnknownAudience
from latchstring.domain.authorizations.request import Wanted
from latchstring.domain.authorizations.scopes import granted
from latchstring.domain.clients.client import Client
from latchstring.flows.grant_scope import Granted
from latchstring.web.auth0 import return_to
from tests.support.house import CALLBACK, a_client_settings, a_public_client

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
WEB = Client.of(a_client_settings())
SPA = Client.of(a_public_client())
TOKENS = Client.of(a_public_client(response_types=("code", "token", "id_token token")))


def wanted(client: Client, params: dict[str, Any]) -> Wanted | None:
    return return_to.wanted(client, params, grant)


def grant(_client: Client, scope: str | None, audience: str | None) -> Granted:
    if audience is not None:
        raise UnknownAudience
    return Granted(granted(scope, offline=True), None)


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
        (WEB, {"response_type": "code token"}, "response_type must be code"),
        (WEB, {"audience": "https://nobody.example"}, "audience is not registered"),
        (TOKENS, {"response_type": "id_token"}, "response_type must be code or token or"),
        (TOKENS, {"response_type": "token id_token"}, "needs a nonce"),
        (TOKENS, {"response_type": "token", "response_mode": "query"}, "fragment or form_post"),
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


def test_tokens_come_back_in_the_fragment_for_clients_that_list_them():
    found = wanted(TOKENS, {"response_type": "token id_token", "nonce": "n", "scope": "openid"})
    assert found is not None
    assert (found.response_type, found.response_mode) == ("id_token token", "fragment")
    assert (found.redirect_uri, found.nonce, found.code_challenge) == (CALLBACK, "n", None)


def test_names_that_some_callers_write_by_hand_are_ignored():
    found = wanted(WEB, {"redirectUri": "https://evil.example/", "responseType": "token"})
    assert found is not None
    assert (found.redirect_uri, found.response_type) == (CALLBACK, None)
