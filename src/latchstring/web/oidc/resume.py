"""``/authorize/resume/<id>``: where the sign-in pages hand the browser back to."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.ids import AuthorizationId
from latchstring.flows.authorize import Browser
from latchstring.flows.find_session import FindSession
from latchstring.flows.resume_authorization import (
    AuthorizationOver,
    Declined,
    NotAgreed,
    NotYet,
    ResumeAuthorization,
    Resumed,
    SignedInHere,
    SomebodyElse,
)
from latchstring.web.http.answers import see_other
from latchstring.web.http.cookies import Cookies
from latchstring.web.oidc.answer import Respond, may_return
from latchstring.web.oidc.authorize import CONSENT, SIGN_IN
from latchstring.web.oidc.client_authentication import Clients
from latchstring.web.oidc.errors import AuthorizeRefused
from latchstring.web.oidc.pages import Pages

RESUME = "/authorize/resume/"


class ResumeEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Sends the browser to the application, or to the page where something is still wanted."""

    clients: Clients
    cookies: Cookies
    find_session: FindSession
    resume: ResumeAuthorization
    respond: Respond
    pages: Pages

    async def get(self, request: Request) -> Response:
        """Send the browser to the application with its answer, or back to the pages."""
        request_id = AuthorizationId(request.scope["path"].removeprefix(RESUME))
        session = await self.find_session(self.cookies.session(request))
        browser = Browser(token=self.cookies.browser(request) or "", session=session)
        try:
            outcome = await self.resume(request_id, browser)
        except AuthorizationOver as over:
            found = over.request
            client = self.clients().get(found.client_id) if found else None
            return self.pages.sign_in_over(request, client=client)
        if isinstance(outcome, NotYet | NotAgreed):
            return see_other(f"{SIGN_IN}{request_id}{_page_for(outcome)}")
        if isinstance(outcome, SignedInHere):
            return see_other(outcome.request.redirect_uri)
        return self._tell(request, outcome)

    def _tell(self, request: Request, outcome: Resumed | SomebodyElse | Declined) -> Response:
        asked = outcome.request
        client = self.clients().get(asked.client_id)
        if client is None or not may_return(client, asked.redirect_uri, asked.response_mode):
            # Taken off the configuration while the person signed in: the answer is never told.
            return self.pages.sign_in_over(request, client=client)
        if isinstance(outcome, Resumed):
            return self.respond.answer(request, asked, client, outcome.answer)
        if isinstance(outcome, Declined):
            refused = AuthorizeRefused("access_denied", "The person did not agree.")
        else:
            description = "Somebody else signed in than the application named."
            refused = AuthorizeRefused("login_required", description)
        return self.respond.refuse(request, asked, client, refused)


def _page_for(outcome: NotYet | NotAgreed) -> str:
    return CONSENT if isinstance(outcome, NotAgreed) else ""
