"""Answer an authorization request at once where the browser is signed in, else keep it."""

from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import AuthorizationId
from latchstring.base.secrets import digest
from latchstring.db.database import Database, Transaction
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.request import (
    AuthorizationRequest,
    Prompt,
    Wanted,
    open_request,
)
from latchstring.domain.clients.client import Client
from latchstring.domain.sessions.session import Session
from latchstring.flows.answer_request import Answer, AnswerRequest, Recorded
from latchstring.flows.grant_consent import lacks_consent
from latchstring.flows.issue_code import proof_of


class Browser(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking: the browser cookie's value, and the session where there is a live one."""

    token: str
    session: Session | None


class Answered(msgspec.Struct, frozen=True):
    """The browser was signed in: here is what the application gets."""

    answer: Answer


class SignInNeeded(msgspec.Struct, frozen=True):
    """The person has to sign in first; the request waits under this id."""

    request_id: AuthorizationId


class ConsentNeeded(msgspec.Struct, frozen=True):
    """The person has to agree first; the request waits under this id."""

    request_id: AuthorizationId


class SignInForbidden(msgspec.Struct, frozen=True):
    """Asking the person is not wanted, or they are signed in as somebody else."""


class ConsentForbidden(msgspec.Struct, frozen=True):
    """The person would have to agree, and asking them is not wanted."""


Outcome = Answered | SignInNeeded | ConsentNeeded | SignInForbidden | ConsentForbidden


_ASKS_ANEW = frozenset({Prompt.LOGIN, Prompt.SELECT_ACCOUNT})
"""Whoever is signed in does not matter then: the one who is wanted may come next."""


class Authorize(msgspec.Struct, frozen=True):
    """An answer, a request that waits, or neither: one of them for every checked request."""

    database: Database
    clock: Clock
    answer_request: AnswerRequest

    async def __call__(self, wanted: Wanted, browser: Browser, client: Client) -> Outcome:
        """Answer, keep, or refuse a request whose application and address are known to be right."""
        now = self.clock.now()
        request = open_request(wanted, digest(browser.token), now=now)
        session = browser.session
        if session is not None and request.is_for(session.user_id):
            if request.is_satisfied_by(proof_of(session), now=now):
                return await self._answer_or_ask(request, session, client, now=now)
        elif session is not None and _ASKS_ANEW.isdisjoint(wanted.prompt):
            return SignInForbidden()
        if Prompt.NONE in wanted.prompt:
            return SignInForbidden()
        return SignInNeeded(await self._keep(request))

    async def _answer_or_ask(
        self, request: AuthorizationRequest, session: Session, client: Client, *, now: datetime
    ) -> Outcome:
        outcome = await self.database.transact(
            lambda tx: self._record(tx, request, session, client=client, now=now)
        )
        if isinstance(outcome, Recorded):
            return Answered(self.answer_request.sign(outcome))
        if outcome is None:
            return SignInForbidden()
        if Prompt.NONE in request.prompt.split():
            return outcome
        return ConsentNeeded(await self._keep(request))

    async def _record(
        self,
        tx: Transaction,
        request: AuthorizationRequest,
        session: Session,
        *,
        client: Client,
        now: datetime,
    ) -> Recorded | ConsentForbidden | None:
        if await lacks_consent(tx, request, client, session.user_id):
            return ConsentForbidden()
        return await self.answer_request.record(tx, request, session, now=now)

    async def _keep(self, request: AuthorizationRequest) -> AuthorizationId:
        await self.database.transact(lambda tx: authorizations.insert_request(tx, request))
        return request.id
