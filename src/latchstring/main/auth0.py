"""The Auth0 drop-in, put together: its two surfaces, its grant, and who takes login tickets."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.domain.clients.client import Client
from latchstring.flows.authenticate_cross_origin import AuthenticateCrossOrigin
from latchstring.flows.check_code import CheckCode
from latchstring.flows.find_standing import FindStanding
from latchstring.flows.grant_scope import GrantScope
from latchstring.flows.open_session import Opened
from latchstring.flows.redeem_ticket import RedeemTicket
from latchstring.main.installation import Installation
from latchstring.web.auth0 import routes
from latchstring.web.auth0.answers import Answers
from latchstring.web.auth0.arrival import Arrival
from latchstring.web.auth0.caller import Callers
from latchstring.web.auth0.client_file import ClientFile
from latchstring.web.auth0.cross_origin import CrossOrigin
from latchstring.web.auth0.errors import Auth0Errors
from latchstring.web.auth0.incidentals import Country
from latchstring.web.auth0.legacy import Legacy
from latchstring.web.auth0.login_ticket import LoginTickets, TicketRefused
from latchstring.web.auth0.otp_grant import OtpGrant
from latchstring.web.auth0.passwordless import Start
from latchstring.web.auth0.verify import Verify
from latchstring.web.auth0.verify_redirect import VerifyRedirect
from latchstring.web.http.parameters import Parameters
from latchstring.web.http.surface import Surface
from latchstring.web.oidc import ticket as oidc
from latchstring.web.oidc.errors import AuthorizeRefused
from latchstring.web.pages.auth0_pages import Auth0Pages
from latchstring.web.pages.desk import Desk
from latchstring.web.pages.errors import PageErrors

if TYPE_CHECKING:
    from latchstring.main.surfaces import Flows


class DropIn(msgspec.Struct, frozen=True):
    """Builds the parts that speak as Auth0 does."""

    installation: Installation
    flows: "Flows"
    desk: Desk
    for_developers: bool

    def surfaces(self, may_read: Callable[[str], bool]) -> tuple[Surface, Surface]:
        """Return what applications call, and what people's browsers visit."""
        installation, found = self.installation, self.flows
        configuration, switches = installation.configuration, installation.settings.auth0
        answers, callers = self._answers(), Callers(configuration, found.prove_client)
        parts = routes.CallParts(
            start=Start(
                start=found.start,
                configuration=configuration,
                callers=callers,
                find_standing=FindStanding(installation.database),
                grant_scope=self._grant_scope(),
                keyring=installation.keyring,
                allow_examples=installation.settings.allow_example_identifiers,
                tell_sign_up_disabled=switches.tell_sign_up_disabled,
            ),
            verify=Verify(CheckCode(found.verify), configuration, answers),
            cross_origin=CrossOrigin(
                AuthenticateCrossOrigin(found.verify), configuration, answers, self.desk.cookies
            ),
            legacy=Legacy(
                enabled=switches.legacy_oauth_ro,
                redeem=found.redeem,
                callers=callers,
                grant_scope=self._grant_scope(),
                answers=answers,
            ),
            country=Country(configuration),
            client_file=ClientFile(configuration, installation.settings.issuer),
        )
        errors = PageErrors(self.desk)
        return (
            routes.surface(parts, Auth0Errors(installation.clock), may_read=may_read),
            routes.browser_surface(
                self._redirect(answers),
                self._tickets(),
                on_error=errors,
                on_crash=errors.crashed,
            ),
        )

    def otp_grant(self) -> OtpGrant:
        """Return what the token endpoint does with a typed code."""
        return OtpGrant(self.flows.redeem, self._grant_scope(), self._answers())

    def take_ticket(self) -> oidc.TakeTicket:
        """Return what ``/authorize`` does with a login ticket."""
        tickets = self._tickets()

        async def take(
            request: Request, client: Client, ticket: str
        ) -> oidc.Arrival | Response | None:
            found = await tickets.take(request, client, ticket, silent=_is_silent(request))
            if isinstance(found, TicketRefused):
                raise AuthorizeRefused(found.error, found.description)
            if isinstance(found, Opened):
                settle = partial(tickets.arrive, request, opened=found)
                return oidc.Arrival(session=found.session, settle=settle)
            return found

        return take

    def _answers(self) -> Answers:
        settings = self.installation.settings
        return Answers(
            configuration=self.installation.configuration,
            find_standing=FindStanding(self.installation.database),
            allow_examples=settings.allow_example_identifiers,
            tell_blocked=settings.auth0.tell_blocked,
        )

    def _grant_scope(self) -> GrantScope:
        installation = self.installation
        return GrantScope(installation.configuration, installation.settings.issuer)

    def _arrive(self) -> Arrival:
        return Arrival(self.desk.cookies, self.installation.keyring)

    def _redirect(self, answers: Answers) -> VerifyRedirect:
        return VerifyRedirect(
            issuer=self.installation.settings.issuer,
            configuration=self.installation.configuration,
            answers=answers,
            verify=self.flows.verify,
            find_session=self.flows.find_session,
            arrive=self._arrive(),
            guard=self.desk.guard,
            pages=Auth0Pages(self.desk, self.for_developers),
        )

    def _tickets(self) -> LoginTickets:
        installation = self.installation
        open_session = self.flows.verify.accept_challenge.open_session
        return LoginTickets(
            issuer=installation.settings.issuer,
            configuration=installation.configuration,
            redeem=RedeemTicket(installation.database, installation.clock, open_session),
            arrive=self._arrive(),
            guard=self.desk.guard,
            pages=Auth0Pages(self.desk, self.for_developers),
        )


def _is_silent(request: Request) -> bool:
    """Whether nothing may be shown: the answer goes to a page that holds us in a frame."""
    query = Parameters.from_query(request)
    prompts = (query.one("prompt") or "").split()
    return "none" in prompts or query.one("response_mode") == "web_message"
