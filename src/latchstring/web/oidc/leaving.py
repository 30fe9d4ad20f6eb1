"""What both ways of signing out share: ending the session, asking first, the way back."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.domain.clients.client import Client
from latchstring.domain.sessions.session import Session
from latchstring.flows.find_session import FindSession
from latchstring.flows.sign_out import SignOut
from latchstring.flows.sign_out_everywhere import SignOutEverywhere
from latchstring.web.http.cookies import Cookies
from latchstring.web.http.form_guard import FormGuard
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc import texts
from latchstring.web.oidc.pages import Pages

EVERYWHERE = "everywhere"
"""The button of the confirmation page that ends all of the person's sessions."""


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """Ends this browser's session, or every one of its person's."""

    cookies: Cookies
    find_session: FindSession
    sign_out: SignOut
    sign_out_everywhere: SignOutEverywhere
    form_guard: FormGuard
    pages: Pages

    async def session(self, request: Request) -> Session | None:
        """Return this browser's session, if it is signed in."""
        return await self.find_session(self.cookies.session(request))

    async def end(self, request: Request, session: Session) -> None:
        """Sign this browser out."""
        await self.sign_out(session, request.state.origin)

    async def pressed(self, request: Request, form: Parameters) -> None:
        """Do what a button of our confirmation page says; raise ``ForeignForm`` for a forged one.

        Without a session there is nothing to protect and nothing to do.
        """
        session = await self.session(request)
        if session is None:
            return
        self.form_guard.check(request, form, session.id)
        if form.one(EVERYWHERE) is not None:
            await self.sign_out_everywhere(session.user_id, request.state.origin)
        await self.end(request, session)

    def ask(
        self,
        request: Request,
        session: Session,
        action: str,
        *,
        fields: Sequence[tuple[str, str]],
        client: Client | None,
    ) -> Response:
        """Ask before anybody is signed out."""
        return self.pages.confirm_sign_out(
            request,
            session,
            action=action,
            fields=fields,
            csrf=self.form_guard.token(session.id),
            client=client,
        )

    def without_cookie(self, request: Request, response: Response) -> Response:
        """Return the answer that also takes the cookie away, where there is one."""
        if self.cookies.session(request) is not None:
            self.cookies.clear_session(response)
        return response


def text_of(parameters: Parameters, name: str) -> str | None:
    """Return a parameter of a sign-out; raise ``InvalidRequest`` for one that is out of shape."""
    value = parameters.one(name)
    fault = texts.fault_of(name, value)
    if fault is not None:
        raise InvalidRequest(fault, field=name)
    return value
