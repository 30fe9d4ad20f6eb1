"""``/sign-in/<id>/consent``: whether somebody else's application may know the person."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.domain.authorizations.consent import scopes_in_question
from latchstring.domain.sessions.session import Session
from latchstring.flows.find_session import FindSession
from latchstring.flows.grant_consent import GrantConsent
from latchstring.web.http.answers import see_other
from latchstring.web.http.parameters import Parameters
from latchstring.web.pages import views
from latchstring.web.pages.desk import RESUME, Desk, SignIn
from latchstring.web.pages.device_wording import may_do, may_know


class ConsentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Asks once the person is signed in; who is not is sent where something else is wanted."""

    desk: Desk
    find_session: FindSession
    grant_consent: GrantConsent

    async def show(self, request: Request) -> Response:
        """``GET /sign-in/<id>/consent``."""
        sign_in = await self.desk.sign_in(request)
        session = await self._session(request, sign_in)
        if session is None:
            return see_other(RESUME + sign_in.request.id)
        scope = " ".join(scopes_in_question(sign_in.request.scope, sign_in.request.claims))
        api = self.desk.current.apis.get(sign_in.request.audience or "")
        view = views.Consent(
            frame=self.desk.frame(sign_in.client, _binding(sign_in, session)),
            identifier=session.identifier,
            allow_action=f"{sign_in.url}/allow",
            deny_action=f"{sign_in.url}/deny",
            other_url=sign_in.url,
            may_know=may_know(scope),
            may_do=may_do(scope),
            api_name=api.name if api else None,
        )
        return self.desk.page(request, view)

    async def allow(self, request: Request) -> Response:
        """``POST /sign-in/<id>/allow``."""
        sign_in, session = await self._posted(request)
        if session is not None:
            await self.grant_consent.allow(sign_in.request, session, request.state.origin)
        return see_other(RESUME + sign_in.request.id)

    async def deny(self, request: Request) -> Response:
        """``POST /sign-in/<id>/deny``."""
        sign_in, session = await self._posted(request)
        if session is not None:
            await self.grant_consent.refuse(sign_in.request)
        return see_other(RESUME + sign_in.request.id)

    async def _posted(self, request: Request) -> tuple[SignIn, Session | None]:
        sign_in = await self.desk.sign_in(request)
        session = await self._session(request, sign_in)
        form = await Parameters.from_form(request)
        self.desk.guard.check(request, form, _binding(sign_in, session))
        return sign_in, session

    async def _session(self, request: Request, sign_in: SignIn) -> Session | None:
        """Return the session of the person whose word counts here."""
        session = await self.find_session(self.desk.cookies.session(request))
        return session if self.grant_consent.concerns(sign_in.request, session) else None


def _binding(sign_in: SignIn, session: Session | None) -> str:
    """Bind the form to who saw it: another person's yes is no yes."""
    return f"consent {sign_in.request.id} {session.id if session else ''}"
