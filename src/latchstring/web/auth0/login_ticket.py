"""``login_ticket`` at ``/authorize``: taken with this browser's cookie, or by way of its page.

Where the cookie is missing, because the browser keeps none of third parties, a page of ours asks
the application's own page in a frame for the verifier that only its browser has, and posts it.
"""

from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.secrets import digest
from latchstring.domain.clients.client import Client
from latchstring.domain.tickets.ticket import Presented
from latchstring.flows.open_session import Opened
from latchstring.flows.redeem_ticket import RedeemTicket
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.web.auth0.arrival import Arrival
from latchstring.web.auth0.asked import (
    AUTHORIZE,
    Asked,
    NotRedirectable,
    asked,
    not_valid,
    query_of,
)
from latchstring.web.auth0.pages import Pages, Verification
from latchstring.web.http.answers import see_other
from latchstring.web.http.form_guard import FormGuard
from latchstring.web.http.parameters import Parameters

PATH = "/co/continue"
NAME = "login_ticket"


class TicketRefused(msgspec.Struct, frozen=True):
    """What the application is told."""

    error: str
    description: str


UNKNOWN = TicketRefused("access_denied", "Unknown or invalid login ticket.")
NO_PAGE = TicketRefused("server_error", "Unable to configure verification page.")
NO_VERIFIER = TicketRefused("invalid_request", "No verifier returned from client.")
NOT_SILENT = TicketRefused("login_required", "The login ticket is not this browser's.")


class LoginTickets(msgspec.Struct, frozen=True, kw_only=True):
    """Takes tickets; the roof hands it to whoever serves ``/authorize``."""

    issuer: str
    configuration: RefreshConfiguration
    redeem: RedeemTicket
    arrive: Arrival
    guard: FormGuard
    pages: Pages

    async def take(
        self, request: Request, client: Client, ticket: str, *, silent: bool
    ) -> Opened | TicketRefused | Response | None:
        """Return the session, the page that asks for the verifier, or what to tell.

        Nothing for a ticket that is not good: the request goes on without it, so that whoever comes
        back to an old address is signed in already or asked to. ``silent``: nothing may be shown,
        as with ``prompt=none`` and ``web_message``.
        """
        cookie = self.arrive.cookies.cross_origin(request)
        if cookie is not None:
            opened = await self._opened(request, client, ticket, cookie=cookie)
            if opened is not None:
                return opened
        found = await self.redeem.look(ticket, client.client_id)
        if found is None:
            return None
        if silent:
            return NOT_SILENT
        if client.cross_origin_loc is None:
            return NO_PAGE
        verification = Verification(
            page=client.cross_origin_loc,
            co_id=found.co_id,
            action=f"{PATH}?{query_of(request)}",
            csrf=self.guard.token(_binding(request)),
        )
        return self.pages.verify_browser(request, client, verification)

    async def go_on(self, request: Request) -> Response:
        """``POST /co/continue``: the page got its answer, or gave up waiting for it."""
        form = await Parameters.from_form(request)
        self.guard.check(request, form, _binding(request))
        try:
            came = asked(request, self.configuration)
        except NotRedirectable as refused:
            return not_valid(self.pages, request, refused)
        ticket, verifier = came.one(NAME), form.one("verifier")
        if ticket is None or verifier is None:
            return self._back(came, NO_VERIFIER)
        opened = await self._opened(request, came.client, ticket, verifier=verifier)
        if opened is None:
            return self._back(came, UNKNOWN)
        response = see_other(f"{AUTHORIZE}?{_without_ticket(request)}")
        self.arrive(request, response, opened)
        return response

    async def _opened(
        self,
        request: Request,
        client: Client,
        ticket: str,
        *,
        cookie: str | None = None,
        verifier: str | None = None,
    ) -> Opened | None:
        presented = Presented(
            ticket=ticket, client_id=client.client_id, cookie=cookie, verifier=verifier
        )
        previous = self.arrive.cookies.session(request)
        return await self.redeem(presented, request.state.origin, previous)

    def _back(self, came: Asked, refused: TicketRefused) -> Response:
        return came.back(refused.error, refused.description, issuer=self.issuer)


def _without_ticket(request: Request) -> str:
    """Return the query for ``/authorize``, with what the ticket has just answered left out.

    The session is as fresh as can be, though it began before that request: ``prompt=login`` would
    ask the person again for what they did a moment ago.
    """
    pairs = parse_qsl(query_of(request), keep_blank_values=True)
    answered = {(NAME,), ("prompt", "login")}
    return urlencode([pair for pair in pairs if not {pair[:1], pair} & answered])


def _binding(request: Request) -> str:
    return f"co:{digest(query_of(request))}"
