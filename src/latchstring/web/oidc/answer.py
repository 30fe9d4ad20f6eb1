"""The way an answer goes to the application, a refusal no differently (OAuth response modes).

``iss`` is in each of them, so that a client of several servers knows whose it is (RFC 9207).
"""

import secrets
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from latchstring.base.logging import get_logger
from latchstring.base.settings_urls import origin_of
from latchstring.domain.authorizations.request import WEB_MESSAGE
from latchstring.domain.clients.client import Client
from latchstring.flows.answer_request import Answer
from latchstring.web.http.answers import see_other, with_query
from latchstring.web.oidc.asked import FORM_POST, FRAGMENT, Asked
from latchstring.web.oidc.errors import AuthorizeRefused, described
from latchstring.web.oidc.pages import Pages

_logger = get_logger()

Values = Mapping[str, str | int | None]


class Destination(Protocol):
    """Where an answer goes, as the request said it: ``Asked`` was checked, or it is kept."""

    @property
    def redirect_uri(self) -> str:
        """The application's address."""

    @property
    def response_mode(self) -> str:
        """How the answer travels there."""

    @property
    def state(self) -> str | None:
        """What goes back as it came."""


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """Where a refusal goes, before the request was found to be sound."""

    redirect_uri: str
    response_mode: str
    state: str | None

    @classmethod
    def of(cls, asked: Asked) -> "Back":
        """Return where the answer to a request goes; its address was checked."""
        return cls(
            redirect_uri=asked.redirect_uri or "", response_mode=asked.mode, state=asked.state
        )


def may_return(client: Client, redirect_uri: str, mode: str) -> bool:
    """Whether answers for this client may go there.

    A message to a page goes to one of the client's origins and moves nobody anywhere; SDKs name
    the bare origin then.
    """
    if mode == WEB_MESSAGE and redirect_uri.removesuffix("/") in client.web_origins:
        return True
    return client.accepts_callback(redirect_uri)


class Respond(msgspec.Struct, frozen=True):
    """Sends answers in all four modes."""

    issuer: str
    pages: Pages

    def answer(self, request: Request, to: Destination, client: Client, answer: Answer) -> Response:
        """Send what was asked for."""
        values: dict[str, str | int | None] = {"code": answer.code, "id_token": answer.id_token}
        if answer.tokens is not None:
            values |= {
                "access_token": answer.tokens.access_token,
                "token_type": answer.tokens.token_type,
                "expires_in": answer.tokens.expires_in,
                "scope": answer.tokens.scope,
            }
        return self._send(request, to, client, values)

    def refuse(
        self, request: Request, to: Destination, client: Client, refused: AuthorizeRefused
    ) -> Response:
        """Send a refusal in OAuth's words, and log why: the person sees nothing of it."""
        _logger.info(
            "refused", client_id=client.client_id, error=refused.error, reason=str(refused)
        )
        values: Values = {"error": refused.error, "error_description": described(refused)}
        if refused.field == "state":  # what is wrong with the state itself does not travel back
            to = Back(redirect_uri=to.redirect_uri, response_mode=to.response_mode, state=None)
        return self._send(request, to, client, values)

    def _send(self, request: Request, to: Destination, client: Client, values: Values) -> Response:
        every = {**values, "state": to.state, "iss": self.issuer}
        told = {name: value for name, value in every.items() if value is not None}
        texts = {name: str(value) for name, value in told.items()}
        if to.response_mode == WEB_MESSAGE:
            return web_message(origin_of(to.redirect_uri) or self.issuer, told)
        if to.response_mode == FORM_POST:
            fields = tuple(texts.items())
            request.state.has_opener = True
            return self.pages.post_back(request, client, action=to.redirect_uri, fields=fields)
        if to.response_mode == FRAGMENT:
            # A registered address has no fragment of its own.
            return see_other(f"{to.redirect_uri}#{urlencode(texts)}")
        return see_other(with_query(to.redirect_uri, texts))


_MESSAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Authorization response</title></head><body>
<script nonce="{nonce}">
const message = {message};
const reader = window.parent === window ? window.opener : window.parent;
if (reader) reader.postMessage(message, {origin});
</script></body></html>
"""
_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def web_message(origin: str, values: Mapping[str, str | int]) -> Response:
    """Return the page that tells the page around it, or the one that opened it, and no other.

    This page alone may stand in a frame, and in that origin's alone: it shows nothing and takes
    no click.
    """
    nonce = secrets.token_urlsafe(16)
    message = {"type": "authorization_response", "response": values}
    body = _MESSAGE.format(nonce=nonce, message=_script(message), origin=_script(origin))
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {origin}"
    )
    headers = {
        "Cache-Control": "no-store",
        "Pragma": "no-cache",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return HTMLResponse(body, headers=headers)


def _script(value: object) -> str:
    """Return a value as a script's literal that no value can end early."""
    literal = msgspec.json.encode(value).decode()
    return "".join(_ESCAPES.get(character, character) for character in literal)
