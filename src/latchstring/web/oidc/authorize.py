"""``/authorize``: check what the application asks, then answer it or send the person to sign in."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.base.ids import AuthorizationId, UserId
from latchstring.base.secrets import random_token
from latchstring.domain.clients.client import Client
from latchstring.domain.keys.signer import Signer
from latchstring.flows.authorize import Answered, Authorize, Browser, SignInNeeded
from latchstring.flows.find_session import FindSession
from latchstring.flows.resume_authorization import (
    AuthorizationOver,
    NotYet,
    ResumeAuthorization,
    Resumed,
    SignedInHere,
)
from latchstring.web.http.answers import see_other, with_query
from latchstring.web.http.cookies import Cookies
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.checks import Asked, AuthorizeRefused, checked
from latchstring.web.oidc.client_authentication import Clients
from latchstring.web.oidc.errors import NotRedirectable
from latchstring.web.oidc.pages import DeveloperDetail, Pages

PATH = "/authorize"
RESUME = "/authorize/resume/"
SIGN_IN = "/sign-in/"
_NOT_THEM: dict[str, str | None] = {
    "error": "login_required",
    "error_description": "Somebody else signed in than id_token_hint names.",
}


class AuthorizeEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One answer for each request: a code, a sign-in page, an OAuth error, or an error page."""

    issuer: str
    clients: Clients
    signer: Signer
    cookies: Cookies
    find_session: FindSession
    authorize: Authorize

    async def get(self, request: Request) -> Response:
        """Answer a request that came as the application's redirect."""
        asked = Asked.read(Parameters.from_query(request))
        client = self._client(asked)
        try:
            return await self._answer(request, asked, client)
        except AuthorizeRefused as refused:
            return self._refuse(asked, refused)

    async def post(self, request: Request) -> Response:
        """Turn a request that came as a form into the same one as a redirect.

        A form from the application's page is a cross-site post, and comes without our cookies: we
        would take somebody who is signed in for a stranger. A redirect brings them along.
        """
        query, form = Parameters.from_query(request), await Parameters.from_form(request)
        for name in query.names & form.names:
            message = f"The parameter {name} came more than once."
            raise InvalidRequest(message, field=name)
        asked = Asked.read(Parameters({**query.values, **form.values}))
        client = self._client(asked)
        try:
            checked(asked, client, self.issuer)
        except AuthorizeRefused as refused:
            return self._refuse(asked, refused)
        return see_other(f"{PATH}?{asked.query}")

    def _client(self, asked: Asked) -> Client:
        """Return the client if the redirect URI is its own: until then, nothing is sent there."""
        client = self.clients().get(asked.client_id or "")
        if client is None:
            raise NotRedirectable(
                DeveloperDetail(
                    summary="There is no such application.",
                    parameter="client_id",
                    came=asked.client_id or "",
                )
            )
        if asked.redirect_uri is None or not client.accepts_callback(asked.redirect_uri):
            detail = DeveloperDetail(
                summary="The redirect_uri is not one of the application's callbacks.",
                parameter="redirect_uri",
                came=asked.redirect_uri or "",
                registered=client.callbacks,
            )
            raise NotRedirectable(detail, client=client)
        return client

    async def _answer(self, request: Request, asked: Asked, client: Client) -> Response:
        expected = self._expected(asked, client)
        wanted = msgspec.structs.replace(
            checked(asked, client, self.issuer), expected_user_id=expected
        )
        known = self.cookies.browser(request)
        token = known or random_token()
        browser = Browser(
            token=token, session=await self.find_session(self.cookies.session(request))
        )
        outcome = await self.authorize(wanted, browser)
        if isinstance(outcome, Answered):
            return see_other(callback(wanted.redirect_uri, self.issuer, wanted.state, outcome.code))
        if not isinstance(outcome, SignInNeeded):
            raise AuthorizeRefused("login_required", "The person has to sign in.")
        response = see_other(f"{SIGN_IN}{outcome.request_id}")
        # Each time, so that the cookie never runs out in the middle of a sign-in.
        self.cookies.set_browser(response, token)
        return response

    def _expected(self, asked: Asked, client: Client) -> UserId | None:
        """Return whom ``id_token_hint`` names; however old, it must be ours and this client's."""
        if asked.id_token_hint is None:
            return None
        claims = self.signer.recognize(asked.id_token_hint) or {}
        if claims.get("iss") != self.issuer or claims.get("aud") != client.client_id:
            description = "id_token_hint is not an ID token that this client got here."
            raise AuthorizeRefused("invalid_request", description, field="id_token_hint")
        return UserId(claims["sub"])

    def _refuse(self, asked: Asked, refused: AuthorizeRefused) -> Response:
        values = {
            "error": refused.error,
            "error_description": str(refused),
            # What is wrong with the state itself does not travel back.
            "state": None if refused.field == "state" else asked.state,
            "iss": self.issuer,
        }
        return see_other(with_query(asked.redirect_uri or "", values))


class ResumeEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sign-in pages hand the browser back to."""

    issuer: str
    clients: Clients
    cookies: Cookies
    find_session: FindSession
    resume: ResumeAuthorization
    pages: Pages

    async def get(self, request: Request) -> Response:
        """Send the browser to the application with its code, or back to the sign-in page."""
        request_id = AuthorizationId(request.scope["path"].removeprefix(RESUME))
        session = await self.find_session(self.cookies.session(request))
        browser = Browser(token=self.cookies.browser(request) or "", session=session)
        try:
            outcome = await self.resume(request_id, browser)
        except AuthorizationOver as over:
            found = over.request
            client = self.clients().get(found.client_id) if found else None
            return self.pages.sign_in_over(request, client=client)
        if isinstance(outcome, NotYet):
            return see_other(f"{SIGN_IN}{request_id}")
        asked = outcome.request
        if isinstance(outcome, SignedInHere):
            return see_other(asked.redirect_uri)
        client = self.clients().get(asked.client_id)
        if client is None or not client.accepts_callback(asked.redirect_uri):
            # Taken off the configuration while the person signed in: the code is never told.
            return self.pages.sign_in_over(request, client=client)
        if isinstance(outcome, Resumed):
            url = callback(asked.redirect_uri, self.issuer, asked.state, outcome.code)
            return see_other(url)
        refusal = {**_NOT_THEM, "state": asked.state, "iss": self.issuer}
        return see_other(with_query(asked.redirect_uri, refusal))


def callback(redirect_uri: str, issuer: str, state: str | None, code: str) -> str:
    """Return where the browser goes with its code; ``iss`` names the sender (RFC 9207)."""
    return with_query(redirect_uri, {"code": code, "state": state, "iss": issuer})
