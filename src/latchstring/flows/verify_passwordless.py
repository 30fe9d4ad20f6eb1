"""Verify the answer to a challenge and return the user it proves.

One right answer wins; a wrong one stays counted though we refuse. All of it is one transaction,
which first holds everything that the answer could fit: whatever arrives at the same time is
compared only when this answer is counted.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import AppError, TooManyRequests, Unavailable
from latchstring.base.ids import ChallengeId, ClientId
from latchstring.base.origin import Origin
from latchstring.base.secrets import Keyring
from latchstring.base.settings import LimitSettings
from latchstring.db.database import Database, Transaction, Undone
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import ChallengeRefused as Refusal
from latchstring.domain.challenges import store as challenges
from latchstring.domain.challenges.challenge import (
    LONG_CODE,
    Answer,
    Challenge,
    EndedBy,
    answered_by,
)
from latchstring.domain.challenges.refusal import CodeExpired, TooManyTries, WrongCode
from latchstring.domain.challenges.secret import cleaned_answer
from latchstring.domain.connections.connection import Connection
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import Identifier
from latchstring.domain.identities.user import Standing
from latchstring.domain.limits import store as limits
from latchstring.domain.limits.limit import Exhausted
from latchstring.flows.accept_challenge import AcceptChallenge, Method, Proof, VerifiedUser
from latchstring.flows.allowances import browser_kind, budget_of, limit_of
from latchstring.flows.open_session import SessionRequest


class VerifyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A code somebody typed, for whom and for which application."""

    client_id: ClientId
    connection: Connection
    identifier: Identifier
    code: str
    origin: Origin
    trusted: bool = False
    known_since: datetime | None = None
    session: SessionRequest | None = None
    """Sign this browser in with the success, in the same transaction."""


class Reason(StrEnum):
    """Why an answer was refused."""

    WRONG = "wrong"
    EXPIRED = "expired"
    TOO_MANY = "too_many"


class Refused(msgspec.Struct, frozen=True):
    """A refusal as a value; ``attempts_left`` where live codes remain."""

    reason: Reason
    attempts_left: int | None = None
    counted: bool = False

    def as_error(self) -> AppError:
        """Return it in the words of the room."""
        if self.reason is Reason.WRONG:
            return WrongCode(attempts_left=self.attempts_left)
        return CodeExpired() if self.reason is Reason.EXPIRED else TooManyTries()


class _Found(msgspec.Struct, frozen=True):
    """The challenge that the answer fitted, and all that ended with it."""

    challenge: Challenge
    ended: list[ChallengeId]


class VerifyPasswordless(msgspec.Struct, frozen=True):
    """The user whom a right code proves; exactly one of many racing right answers gets it."""

    database: Database
    keyring: Keyring
    clock: Clock
    limits: LimitSettings
    accept_challenge: AcceptChallenge

    async def __call__(self, request: VerifyRequest) -> VerifiedUser:
        """Raise ``WrongCode``, ``CodeExpired``, ``TooManyTries`` or ``TooManyRequests``."""
        outcome = await self.database.transact(lambda tx: self.decide(tx, request))
        if isinstance(outcome, Refused | Exhausted | Undone):
            raise error_of(outcome)
        return outcome

    async def decide(
        self, tx: Transaction, request: VerifyRequest
    ) -> VerifiedUser | Refused | Exhausted | Undone[AppError]:
        """Return the user or why not, inside the transaction of whoever has more to write."""
        now = self.clock.now()
        standing = await identities.find_standing(tx, request.identifier.digest)
        outcome = await self.compare(tx, request, standing, now=now)
        if not isinstance(outcome, Challenge):
            return outcome
        digest = request.identifier.digest
        ended = await challenges.end_all(tx, digest, ended_by=EndedBy.USED, now=now)
        if outcome.id not in ended:
            return Refused(Reason.WRONG)  # a link may have ended it meanwhile; then that one won
        return await self._accept(tx, request, _Found(outcome, ended), standing, now=now)

    async def compare(
        self,
        tx: Transaction,
        request: VerifyRequest,
        standing: Standing | None,
        *,
        now: datetime,
    ) -> Challenge | Refused | Exhausted | Undone[AppError]:
        """Return the challenge that the answer fits and leave it as it is; a wrong one counts."""
        exhausted = await self._spend_address(tx, request, now)
        if exhausted is not None:
            return exhausted
        outcome = await self._answer(tx, request, standing, now=now)
        if isinstance(outcome, Undone):
            return outcome
        if isinstance(outcome, Refused) and outcome.counted:
            await audit.record(tx, refusal_event(request, outcome), request.origin, now=now)
        else:
            await self._give_back_address(tx, request, now)
        return outcome

    async def _answer(
        self,
        tx: Transaction,
        request: VerifyRequest,
        standing: Standing | None,
        *,
        now: datetime,
    ) -> Challenge | Refused | Undone[AppError]:
        """Hold first, compare second, count third: the order is the whole protection."""
        digest = request.identifier.digest
        browser = browser_kind(standing, request.known_since)
        held = await challenges.hold_answerable(tx, digest, now)
        guesses = await challenges.count_guesses(tx, digest, browser, now)
        shortest = LONG_CODE if budget_of(self.limits).is_used_up(guesses) else 0
        live = [challenge for challenge in held if challenge.code_length >= shortest]
        answer = Answer(request.client_id, cleaned_answer(request.code))
        found = answered_by(live, answer, self.keyring) if _welcome(request, standing) else None
        if found is not None:
            return found
        if any(challenge.key_version > max(self.keyring.versions) for challenge in live):
            # Made on a node that has a newer key: we cannot know that the answer is wrong.
            return Undone(Unavailable(detail="a challenge of a key version that is not here yet"))
        refused = await self._refuse(tx, request, live, now=now)
        if refused.counted and live:
            await challenges.spend_attempt(tx, digest, shortest=shortest, now=now)
            await challenges.spend_guess(tx, digest, browser, now)
        return refused

    async def _refuse(
        self,
        tx: Transaction,
        request: VerifyRequest,
        live: list[Challenge],
        *,
        now: datetime,
    ) -> Refused:
        """Tell the refusals apart; an old code of the same person is none that counts."""
        digest = request.identifier.digest
        answer = Answer(request.client_id, cleaned_answer(request.code))
        over = await challenges.find_over(tx, digest, now)
        old = answered_by(over, answer, self.keyring)
        left = max((challenge.attempts_left for challenge in live), default=None)
        if old is not None:
            expired = old.ended_at is None
            return Refused(Reason.EXPIRED if expired else Reason.WRONG, left)
        if left is None:
            stuck = await challenges.has_unanswered(tx, digest, now)
            return Refused(Reason.TOO_MANY if stuck else Reason.WRONG, counted=True)
        left -= 1
        return Refused(Reason.WRONG if left else Reason.TOO_MANY, left, counted=True)

    async def _accept(
        self,
        tx: Transaction,
        request: VerifyRequest,
        found: _Found,
        standing: Standing | None,
        *,
        now: datetime,
    ) -> VerifiedUser:
        proof = Proof(
            challenge=found.challenge,
            ended=found.ended,
            identifier=request.identifier,
            method=Method.CODE,
            standing=standing,
            origin=request.origin,
            session=request.session,
        )
        return await self.accept_challenge(tx, proof, now=now)

    async def _spend_address(
        self, tx: Transaction, request: VerifyRequest, now: datetime
    ) -> Exhausted | None:
        if request.trusted:
            return None
        limit = limit_of("wrong_answers_per_address", self.limits.wrong_answers_per_address)
        return await limits.spend(tx, limit, request.origin.network, now)

    async def _give_back_address(
        self, tx: Transaction, request: VerifyRequest, now: datetime
    ) -> None:
        if not request.trusted:
            limit = limit_of("wrong_answers_per_address", self.limits.wrong_answers_per_address)
            key_digest = limit.digest_of(request.origin.network)
            await limits.give_back(tx, limit.name, key_digest, now)


def _welcome(request: VerifyRequest, standing: Standing | None) -> bool:
    """Whether a success may sign this person in: settings may have changed since the start."""
    return request.connection.sign_up if standing is None else standing.blocked_at is None


def error_of(outcome: Refused | Exhausted | Undone[AppError]) -> AppError:
    """Return what the caller raises once the count is durable."""
    if isinstance(outcome, Undone):
        return outcome.refusal
    if isinstance(outcome, Refused):
        return outcome.as_error()
    limit = outcome.limit
    return TooManyRequests(limit.name, allowed=limit.allowed, until=outcome.until)


def refusal_event(request: VerifyRequest, refused: Refused) -> Refusal:
    """Return what the audit trail keeps of a refusal."""
    return Refusal(
        identifier_digest=request.identifier.digest,
        client_id=request.client_id,
        connection=request.identifier.connection,
        reason=refused.reason,
    )
