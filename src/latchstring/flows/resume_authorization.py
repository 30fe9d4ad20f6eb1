"""Resume a waiting authorization request once its person has signed in."""

from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import NotFound
from latchstring.base.ids import AuthorizationId
from latchstring.base.secrets import digest
from latchstring.db.database import Database, Transaction
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.request import AuthorizationRequest
from latchstring.domain.clients.client import Client
from latchstring.domain.sessions.session import Session
from latchstring.flows.answer_request import Answer, AnswerRequest, Recorded
from latchstring.flows.authorize import Browser
from latchstring.flows.grant_consent import lacks_consent
from latchstring.flows.issue_code import proof_of


class AuthorizationOver(NotFound):
    """The sign-in is over. Go back to the application and start again."""

    def __init__(self, request: AuthorizationRequest | None = None) -> None:
        """Carry the request where this browser once had it, for the way back."""
        super().__init__()
        self.request = request


class Resumed(msgspec.Struct, frozen=True):
    """The answer for the application."""

    request: AuthorizationRequest
    answer: Answer


class SomebodyElse(msgspec.Struct, frozen=True):
    """The person signed in, and is not whom the application asked for."""

    request: AuthorizationRequest


class SignedInHere(msgspec.Struct, frozen=True):
    """The person signed in for a page of ours, to which the browser now goes back."""

    request: AuthorizationRequest


class Declined(msgspec.Struct, frozen=True):
    """The person does not let the application know them."""

    request: AuthorizationRequest


class NotYet(msgspec.Struct, frozen=True):
    """The person has not signed in as this request wants it."""

    request: AuthorizationRequest


class NotAgreed(msgspec.Struct, frozen=True):
    """The person signed in, and was not asked yet whether the application may know them."""

    request: AuthorizationRequest


Outcome = Resumed | SignedInHere | SomebodyElse | Declined | NotYet | NotAgreed


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
    """Exactly one answer meets a request, however often the browser comes back."""

    database: Database
    clock: Clock
    answer_request: AnswerRequest

    async def __call__(self, request_id: AuthorizationId, browser: Browser) -> Outcome:
        """Return the answer, or what is still wanted; raise ``AuthorizationOver``."""
        find = FindAuthorization(self.database, self.clock)
        request = await find(request_id, browser.token)
        session, now = browser.session, self.clock.now()
        if request.refused_at is not None:
            return await self._close(request, Declined(request), now=now)
        if session is None or not request.is_satisfied_by(proof_of(session), now=now):
            return NotYet(request)
        if request.ends_here:
            return await self._close(request, SignedInHere(request), now=now)
        if not request.is_for(session.user_id):
            return await self._close(request, SomebodyElse(request), now=now)
        clients = self.answer_request.configuration.current.clients
        client = clients.get(request.client_id)
        if client is None:
            raise AuthorizationOver(request)
        outcome = await self.database.transact(
            lambda tx: self._answer(tx, request, session, client=client, now=now)
        )
        if isinstance(outcome, NotAgreed):
            return outcome
        if outcome is None:
            raise AuthorizationOver(request)
        return Resumed(request, self.answer_request.sign(outcome))

    async def _close(
        self, request: AuthorizationRequest, outcome: Outcome, *, now: datetime
    ) -> Outcome:
        won = await self.database.transact(
            lambda tx: authorizations.complete_request(tx, request.id, now)
        )
        if not won:
            raise AuthorizationOver(request)
        return outcome

    async def _answer(
        self,
        tx: Transaction,
        request: AuthorizationRequest,
        session: Session,
        *,
        client: Client,
        now: datetime,
    ) -> Recorded | NotAgreed | None:
        if await lacks_consent(tx, request, client, session.user_id):
            return NotAgreed(request)
        if not await authorizations.complete_request(tx, request.id, now):
            return None
        return await self.answer_request.record(tx, request, session, now=now)
