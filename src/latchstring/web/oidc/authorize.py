"""``/authorize``: check what the application asks, then answer it or send the person to sign in."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.base.secrets import random_token
from latchstring.domain.authorizations.request import Prompt, Wanted
from latchstring.domain.clients.client import Client
from latchstring.flows.authorize import (
    Answered,
    Authorize,
    Browser,
    ConsentForbidden,
    ConsentNeeded,
    Outcome,
    SignInNeeded,
)
from latchstring.flows.fetch_request_object import FetchRequestObject
from latchstring.flows.find_session import FindSession
from latchstring.flows.push_request import PushRequest
from latchstring.web.http.answers import see_other
from latchstring.web.http.cookies import Cookies
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc import published
from latchstring.web.oidc.answer import Back, Respond, may_return
from latchstring.web.oidc.asked import Asked
from latchstring.web.oidc.checks import Examine
from latchstring.web.oidc.client_authentication import Clients
from latchstring.web.oidc.errors import AuthorizeRefused, NotRedirectable
from latchstring.web.oidc.pages import DeveloperDetail
from latchstring.web.oidc.ticket import Arrival, TakeTicket

PATH = "/authorize"
SIGN_IN = "/sign-in/"
CONSENT = "/consent"
"""What follows a sign-in's address where the person is asked whether they agree."""


class AuthorizeEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One answer for each request: what was asked for, a page, an OAuth error, or an error page."""

    clients: Clients
    cookies: Cookies
    find_session: FindSession
    authorize: Authorize
    push: PushRequest
    examine: Examine
    respond: Respond
    take_ticket: TakeTicket | None = None
    fetch_object: FetchRequestObject | None = None
    """Nothing where applications may not register themselves: then nothing is ever fetched."""

    async def get(self, request: Request) -> Response:
        """Answer a request that came as the application's redirect."""
        came = Asked.read(Parameters.from_query(request))
        client = self._client(came)
        try:
            asked = await self._whole(came, client)
        except AuthorizeRefused as refused:
            return self._refuse_reference(request, came, client, refused)
        _check_address(asked, client)
        try:
            _check_pushed(came, client)
            return await self._answer(request, asked, client)
        except AuthorizeRefused as refused:
            return self.respond.refuse(request, Back.of(asked), client, refused)

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
        if asked.request_uri is None:
            _check_address(asked, client)
            try:
                self.examine(asked, client)
            except AuthorizeRefused as refused:
                return self.respond.refuse(request, Back.of(asked), client, refused)
        return see_other(f"{PATH}?{asked.query}")

    def _client(self, asked: Asked) -> Client:
        client = self.clients().get(asked.client_id or "")
        if client is None:
            raise NotRedirectable(
                DeveloperDetail(
                    summary="There is no such application.",
                    parameter="client_id",
                    came=asked.client_id or "",
                )
            )
        return client

    async def _whole(self, came: Asked, client: Client) -> Asked:
        """Return the request itself, or the one that was pushed or is published under its name.

        Nothing else that came beside the name counts (RFC 9101 section 6.3).
        """
        if came.request_uri is None:
            return came
        if self.fetch_object is not None and came.request_uri.startswith("https:"):
            return await published.read(self.fetch_object, came, client)
        pushed = await self.push.fetch(client.client_id, came.request_uri)
        if pushed is None:
            description = "request_uri is over, was used, or was never pushed by this client."
            raise AuthorizeRefused("invalid_request_uri", description, field="request_uri")
        known = {name: pushed[name] for name in Asked.__struct_fields__ if name in pushed}
        return Asked(**known)

    def _refuse_reference(
        self, request: Request, came: Asked, client: Client, refused: AuthorizeRefused
    ) -> Response:
        """Tell the application where the request beside the name says one of its addresses."""
        if may_return(client, came.redirect_uri or "", came.mode):
            return self.respond.refuse(request, Back.of(came), client, refused)
        detail = DeveloperDetail(
            summary=str(refused), parameter="request_uri", came=came.request_uri or ""
        )
        raise NotRedirectable(detail, client=client)

    async def _answer(self, request: Request, asked: Asked, client: Client) -> Response:
        wanted = self.examine(asked, client)
        token = self.cookies.browser(request) or random_token()
        arrival = await self._arrival(request, asked, client)
        if isinstance(arrival, Response):
            return arrival
        if arrival is not None:
            # The code was typed a moment ago, though before this request came.
            wanted = msgspec.structs.replace(wanted, prompt=wanted.prompt - {Prompt.LOGIN})
        found = arrival and arrival.session
        session = found or await self.find_session(self.cookies.session(request))
        browser = Browser(token=token, session=session)
        outcome = await self.authorize(wanted, browser, client)
        response = self._told(request, wanted, client, outcome)
        if isinstance(outcome, SignInNeeded | ConsentNeeded):
            # Each time, so that the cookie never runs out in the middle of a sign-in.
            self.cookies.set_browser(response, token)
        if arrival is not None:
            arrival.settle(response)
        return response

    async def _arrival(
        self, request: Request, asked: Asked, client: Client
    ) -> Arrival | Response | None:
        """Take a ticket before anybody looks for a session, where one came."""
        if asked.login_ticket is None or self.take_ticket is None:
            return None
        return await self.take_ticket(request, client, asked.login_ticket)

    def _told(self, request: Request, wanted: Wanted, client: Client, outcome: Outcome) -> Response:
        if isinstance(outcome, Answered):
            return self.respond.answer(request, wanted, client, outcome.answer)
        if isinstance(outcome, SignInNeeded):
            return see_other(f"{SIGN_IN}{outcome.request_id}")
        if isinstance(outcome, ConsentNeeded):
            return see_other(f"{SIGN_IN}{outcome.request_id}{CONSENT}")
        if isinstance(outcome, ConsentForbidden):
            refused = AuthorizeRefused("consent_required", "The person has to agree.")
        else:
            refused = AuthorizeRefused("login_required", "The person has to sign in.")
        # Returned, not raised: a ticket may have opened a session, whose cookie goes along.
        return self.respond.refuse(request, wanted, client, refused)


def _check_address(asked: Asked, client: Client) -> None:
    """Refuse an address that is not the client's own: until then, nothing is sent there."""
    if may_return(client, asked.redirect_uri or "", asked.mode):
        return
    detail = DeveloperDetail(
        summary="The redirect_uri is not one of the application's callbacks.",
        parameter="redirect_uri",
        came=asked.redirect_uri or "",
        registered=client.callbacks,
    )
    raise NotRedirectable(detail, client=client)


def _check_pushed(came: Asked, client: Client) -> None:
    if client.require_pushed_authorization_requests and came.request_uri is None:
        description = "This client has to push its authorization requests."
        raise AuthorizeRefused("invalid_request", description, field="request_uri")
