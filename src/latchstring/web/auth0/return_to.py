"""Where a link that was started at the API ends: ``authParams``, checked against the client."""

from typing import Any, NoReturn

from latchstring.base.errors import InvalidRequest
from latchstring.domain.authorizations import pkce, scopes
from latchstring.domain.authorizations.request import Wanted
from latchstring.domain.clients.client import Client
from latchstring.web.auth0.start_body import param

_METHOD = "S256"


def wanted(client: Client, params: dict[str, Any]) -> Wanted | None:
    """Return where the link ends; nothing for a client that has nowhere to send people back to.

    An address that is not registered is refused here, before anything is stored that a link might
    follow later.
    """
    asked = param(params, "redirect_uri")
    redirect_uri = asked or client.default_callback
    unbound = client.is_public and param(params, "code_challenge") is None
    if redirect_uri is None or (unbound and asked is None):
        # The link then signs its browser in, and the application starts from its own page.
        return None
    if not client.accepts_callback(redirect_uri):
        _refuse("redirect_uri is not among the client's callbacks")
    if (param(params, "response_type") or "code") != "code":
        _refuse("response_type must be code")
    if (param(params, "response_mode") or "query") != "query":
        _refuse("response_mode must be query")
    return Wanted(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        response_mode="query",
        scope=scopes.granted(param(params, "scope")),
        state=param(params, "state"),
        nonce=param(params, "nonce"),
        code_challenge=_code_challenge(client, params),
    )


def _code_challenge(client: Client, params: dict[str, Any]) -> str | None:
    challenge = param(params, "code_challenge")
    if challenge is None:
        if client.is_public:
            _refuse("a public client must send code_challenge for a link")
        return None
    if (param(params, "code_challenge_method") or "") != _METHOD:
        _refuse("code_challenge_method must be S256")
    if not pkce.is_challenge(challenge):
        _refuse("code_challenge is malformed")
    return challenge


def _refuse(reason: str) -> NoReturn:
    raise InvalidRequest(reason, field="authParams")
