"""Answer an authorization request at once where the browser is signed in, else keep it."""

from datetime import datetime, timedelta

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import AuthorizationId
from latchstring.base.secrets import digest
from latchstring.db.database import Database
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.request import (
    AuthorizationRequest,
    Prompt,
    Wanted,
    open_request,
)
from latchstring.domain.sessions.session import Session
from latchstring.flows.issue_code import issue_code, proof_of


class Browser(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking: the browser cookie's value, and the session where there is a live one."""

    token: str
    session: Session | None


class Answered(msgspec.Struct, frozen=True):
    """The browser was signed in: here is the code."""

    code: str


class SignInNeeded(msgspec.Struct, frozen=True):
    """The person has to sign in first; the request waits under this id."""

    request_id: AuthorizationId


class SignInForbidden(msgspec.Struct, frozen=True):
    """Asking the person is not wanted, or they are signed in as somebody else."""


class Authorize(msgspec.Struct, frozen=True):
    """A code, a request that waits, or neither: one of the three for every checked request."""

    database: Database
    clock: Clock
    code_lifetime: timedelta

    async def __call__(
        self, wanted: Wanted, browser: Browser
    ) -> Answered | SignInNeeded | SignInForbidden:
        """Answer, keep, or refuse a request whose application and address are known to be right."""
        now = self.clock.now()
        request = open_request(wanted, digest(browser.token), now=now)
        session = browser.session
        if session is not None:
            if not request.is_for(session.user_id):
                return SignInForbidden()
            if request.is_satisfied_by(proof_of(session), now=now):
                return Answered(await self._answer(request, session, now=now))
        if Prompt.NONE in wanted.prompt:
            return SignInForbidden()
        return await self._keep(request)

    async def _answer(
        self, request: AuthorizationRequest, session: Session, *, now: datetime
    ) -> str:
        lifetime = self.code_lifetime
        return await self.database.transact(
            lambda tx: issue_code(tx, request, session, lifetime=lifetime, now=now)
        )

    async def _keep(self, request: AuthorizationRequest) -> SignInNeeded:
        await self.database.transact(lambda tx: authorizations.insert_request(tx, request))
        return SignInNeeded(request.id)
