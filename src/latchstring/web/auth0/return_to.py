"""Where a link that was started at the API ends: ``authParams``, checked against the client."""

from collections.abc import Callable
from typing import Any, NoReturn

from latchstring.base.errors import Forbidden, InvalidRequest
from latchstring.domain.authorizations import pkce
from latchstring.domain.authorizations.request import Wanted
from latchstring.domain.authorizations.scopes import OFFLINE_ACCESS
from latchstring.domain.clients.client import Client
from latchstring.flows.grant_scope import Granted
from latchstring.web.auth0.start_body import param

_CODE = "code"
_FRAGMENT, _QUERY, _FORM_POST = "fragment", "query", "form_post"

Grant = Callable[[Client, str | None, str | None], Granted]
"""Decides what a client's scope and audience are worth."""


def wanted(client: Client, params: dict[str, Any], grant: Grant) -> Wanted | None:
    """Return where the link ends; nothing for a client that has nowhere to send people back to.

    An address that is not registered is refused here, before anything is stored that a link might
    follow later.
    """
    asked = param(params, "redirect_uri")
    redirect_uri = asked or client.default_callback
    response_type = " ".join(sorted((param(params, "response_type") or _CODE).split()))
    unbound = client.is_public and param(params, "code_challenge") is None
    if redirect_uri is None or (unbound and asked is None and response_type == _CODE):
        # The link then signs its browser in, and the application starts from its own page.
        return None
    if not client.accepts_callback(redirect_uri):
        _refuse("redirect_uri is not among the client's callbacks")
    if response_type not in client.response_types:
        _refuse(f"response_type must be {' or '.join(client.response_types)}")
    granted = _granted(client, params, grant)
    return Wanted(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        response_mode=_response_mode(params, response_type),
        # No refresh token ever comes of a link, at Auth0 neither.
        scope=" ".join(word for word in granted.scope.split() if word != OFFLINE_ACCESS),
        audience=granted.audience,
        state=param(params, "state"),
        nonce=_nonce(params, response_type),
        code_challenge=_code_challenge(client, params, response_type),
        response_type=None if response_type == _CODE else response_type,
    )


def _granted(client: Client, params: dict[str, Any], grant: Grant) -> Granted:
    try:
        return grant(client, param(params, "scope"), param(params, "audience"))
    except Forbidden:
        _refuse("audience is not registered")


def _response_mode(params: dict[str, Any], response_type: str) -> str:
    usual = _QUERY if response_type == _CODE else _FRAGMENT
    allowed = (usual,) if response_type == _CODE else (_FRAGMENT, _FORM_POST)
    mode = param(params, "response_mode") or usual
    if mode not in allowed:
        _refuse(f"response_mode must be {' or '.join(allowed)}")
    return mode


def _nonce(params: dict[str, Any], response_type: str) -> str | None:
    nonce = param(params, "nonce")
    if nonce is None and "id_token" in response_type.split():
        _refuse("a response_type with id_token needs a nonce")
    return nonce


def _code_challenge(client: Client, params: dict[str, Any], response_type: str) -> str | None:
    challenge = param(params, "code_challenge")
    if challenge is None:
        if client.is_public and _CODE in response_type.split():
            _refuse("a public client must send code_challenge for a link")
        return None
    if (param(params, "code_challenge_method") or "") != pkce.METHOD:
        _refuse("code_challenge_method must be S256")
    if not pkce.is_challenge(challenge):
        _refuse("code_challenge is malformed")
    return challenge


def _refuse(reason: str) -> NoReturn:
    raise InvalidRequest(reason, field="authParams")
