"""``/oidc/logout``: signing out at an application's request (OpenID RP-Initiated Logout 1.0)."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.domain.clients.client import Client
from latchstring.domain.keys.signer import Signer
from latchstring.domain.sessions.session import Session
from latchstring.web.http.answers import see_other, with_query
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.client_authentication import Clients
from latchstring.web.oidc.errors import NotRedirectable
from latchstring.web.oidc.leaving import Leaving, text_of
from latchstring.web.oidc.pages import DeveloperDetail

PATH = "/oidc/logout"
CONFIRM = "/oidc/logout/confirm"
_PARAMETERS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint")
_ACCEPTED = ("ui_locales",)
"""Said for our convenience (section 2 of the specification): the browser says how it wants to be
spoken to. Read all the same, for what comes twice is refused."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-out somebody asked for; where to go afterwards was checked."""

    client: Client | None
    return_to: str | None
    state: str | None
    claims: dict[str, Any]
    """Of the ID token that proves who asks; none if it was missing or not ours."""

    hint: str | None
    """The session's ``sid``, as Auth0's SDKs send it: known to whoever got tokens of it."""

    def is_about(self, session: Session) -> bool:
        """Whether the application proved that it speaks of this very person."""
        if self.client is not None and not self.client.dynamic and self.hint == session.id:
            return True
        return session.user_id == self.claims.get("sub")

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What travels along while the person is asked."""
        values = {
            "client_id": self.client.client_id if self.client else None,
            "post_logout_redirect_uri": self.return_to,
            "state": self.state,
        }
        return [(name, value) for name, value in values.items() if value is not None]


class LogoutEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Ends this browser's session: at once for an application that proves whose, else if pressed.

    Without the proof any page could sign people out by a link (forced logout).
    """

    issuer: str
    clients: Clients
    signer: Signer
    leaving: Leaving

    async def get(self, request: Request) -> Response:
        """Sign out, or ask first."""
        wish = self._read(Parameters.from_query(request))
        session = await self.leaving.session(request)
        if session is None:
            return self._leave(request, wish)
        if wish.is_about(session):
            await self.leaving.end(request, session)
            return self._leave(request, wish)
        return self.leaving.ask(request, session, CONFIRM, fields=wish.fields, client=wish.client)

    async def post(self, request: Request) -> Response:
        """Turn a form from the application's page, which lacks our cookies, into a redirect."""
        form = await Parameters.from_form(request)
        self._read(form)
        return see_other(with_query(PATH, {name: form.one(name) for name in _PARAMETERS}))

    async def confirm(self, request: Request) -> Response:
        """Sign out because the person pressed a button on our own page."""
        form = await Parameters.from_form(request)
        wish = self._read(form)
        await self.leaving.pressed(request, form)
        if wish.return_to is not None:
            return self._leave(request, wish)
        response = see_other(with_query(PATH, dict(wish.fields)))
        return self.leaving.without_cookie(request, response)

    def _leave(self, request: Request, wish: Wish) -> Response:
        if wish.return_to is not None:
            response = see_other(with_query(wish.return_to, {"state": wish.state}))
        else:
            back = wish.client.logout_urls[0] if wish.client and wish.client.logout_urls else None
            pages = self.leaving.pages
            response = pages.signed_out(request, client=wish.client, return_url=back)
        return self.leaving.without_cookie(request, response)

    def _read(self, parameters: Parameters) -> Wish:
        for name in _ACCEPTED:
            text_of(parameters, name)
        token, client_id, return_to, state, hint = (
            text_of(parameters, name) for name in _PARAMETERS
        )
        claims = self._proven(token, client_id)
        client = self.clients().get(client_id or claims.get("aud") or "")
        if (
            client is not None
            and return_to is not None
            and not client.accepts_logout_url(return_to)
        ):
            detail = DeveloperDetail(
                summary="The post_logout_redirect_uri is not one of the application's logout URLs.",
                parameter="post_logout_redirect_uri",
                came=return_to,
                registered=client.logout_urls,
            )
            raise NotRedirectable(detail, client=client)
        return Wish(
            client=client,
            # Without a client there is no list that it could be on.
            return_to=return_to if client is not None else None,
            state=state,
            claims=claims,
            hint=hint,
        )

    def _proven(self, token: str | None, client_id: str | None) -> dict[str, Any]:
        claims = self.signer.recognize(token) if token is not None else None
        if claims is None or claims.get("iss") != self.issuer:
            return {}
        return claims if client_id in (None, claims.get("aud")) else {}
