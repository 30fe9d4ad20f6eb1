"""Resume a waiting authorization request once its person has signed in."""

from datetime import datetime, timedelta

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import NotFound
from latchstring.base.ids import AuthorizationId
from latchstring.base.secrets import digest
from latchstring.db.database import Database, Transaction
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.request import AuthorizationRequest
from latchstring.domain.sessions.session import Session
from latchstring.flows.authorize import Browser
from latchstring.flows.issue_code import issue_code, proof_of


class AuthorizationOver(NotFound):
    """The sign-in is over. Go back to the application and start again."""

    def __init__(self, request: AuthorizationRequest | None = None) -> None:
        """Carry the request where this browser once had it, for the way back."""
        super().__init__()
        self.request = request


class Resumed(msgspec.Struct, frozen=True):
    """The answer for the application."""

    request: AuthorizationRequest
    code: str


class SomebodyElse(msgspec.Struct, frozen=True):
    """The person signed in, and is not whom the application asked for."""

    request: AuthorizationRequest


class SignedInHere(msgspec.Struct, frozen=True):
    """The person signed in for a page of ours, to which the browser now goes back."""

    request: AuthorizationRequest


class NotYet(msgspec.Struct, frozen=True):
    """The person has not signed in as this request wants it."""

    request: AuthorizationRequest


class FindAuthorization(msgspec.Struct, frozen=True):
    """A waiting request, for the browser that made it alone."""

    database: Database
    clock: Clock

    async def __call__(self, request_id: AuthorizationId, token: str) -> AuthorizationRequest:
        """Return the request; raise ``AuthorizationOver``. ``token`` is the browser cookie's."""
        request = await self.database.read(
            lambda tx: authorizations.find_request(tx, request_id, digest(token))
        )
        if request is None or not request.is_pending(self.clock.now()):
            raise AuthorizationOver(request)
        return request


class ResumeAuthorization(msgspec.Struct, frozen=True):
    """Exactly one code answers a request, however often the browser comes back."""

    database: Database
    clock: Clock
    code_lifetime: timedelta

    async def __call__(
        self, request_id: AuthorizationId, browser: Browser
    ) -> Resumed | SignedInHere | NotYet | SomebodyElse:
        """Return the answer, or that a sign-in is still wanted; raise ``AuthorizationOver``."""
        find = FindAuthorization(self.database, self.clock)
        request = await find(request_id, browser.token)
        session, now = browser.session, self.clock.now()
        if session is None or not request.is_satisfied_by(proof_of(session), now=now):
            return NotYet(request)
        if request.ends_here:
            await self.database.transact(
                lambda tx: authorizations.complete_request(tx, request.id, now)
            )
            return SignedInHere(request)
        if not request.is_for(session.user_id):
            await self.database.transact(
                lambda tx: authorizations.complete_request(tx, request.id, now)
            )
            return SomebodyElse(request)
        code = await self.database.transact(lambda tx: self._answer(tx, request, session, now=now))
        if code is None:
            raise AuthorizationOver(request)
        return Resumed(request, code)

    async def _answer(
        self,
        tx: Transaction,
        request: AuthorizationRequest,
        session: Session,
        *,
        now: datetime,
    ) -> str | None:
        if not await authorizations.complete_request(tx, request.id, now):
            return None
        return await issue_code(tx, request, session, lifetime=self.code_lifetime, now=now)
