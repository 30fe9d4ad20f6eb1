"""Start a sign-in: a challenge and its message, durable together, before anybody is answered.

Nothing here talks to a mail server or a gateway, so known and unknown identifiers take the same
path and the same time. Whoever may not sign in gets a decoy: the same rows, a code that no answer
fits, a message that the worker settles without sending it.
"""

import time
from asyncio import CancelledError
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import TooManyRequests, Unavailable
from latchstring.base.ids import ChallengeId
from latchstring.base.secrets import Keyring
from latchstring.base.settings import LimitSettings
from latchstring.db.database import Database, Transaction, Undone, require_time_since
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import ChallengeIssued, LimitReached, SmsPumpingSuspected
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.request import Start
from latchstring.domain.challenges import store as challenges
from latchstring.domain.challenges.budget import Browser
from latchstring.domain.challenges.challenge import Challenge, Subject, issue
from latchstring.domain.challenges.secret import repeated_challenge_id
from latchstring.domain.delivery import store as delivery
from latchstring.domain.delivery.message import Message
from latchstring.domain.delivery.store import Lease
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import SMS
from latchstring.domain.limits import store as limits
from latchstring.domain.limits.limit import Exhausted, Limit
from latchstring.flows.allowances import browser_kind, budget_of, limit_of
from latchstring.flows.lease_limit import LeasedLimit
from latchstring.flows.start_at_once import WholeStart, start_at_once
from latchstring.flows.start_request import StartRequest, check_sendable, message_for, terms_of

ADDRESS_LIMIT = "starts_per_address"
_GRACE = timedelta(minutes=1)
"""How much longer than a code its page lives: it must still be there to say "expired"."""

_KEY_TERM = timedelta(hours=1)
"""A start is known again by its key in the term of its first coming and in the next one."""


class Courier(Protocol):
    """Who delivers: the worker in this process, which takes a new message without a detour."""

    def promise(self) -> Lease | None:
        """Return a lease to enqueue a message under; none where somebody will find it."""

    def take(self, message: Message, lease: Lease) -> None:
        """Deliver the message, which is durable."""

    def release(self) -> None:
        """Take a lease back: nothing was enqueued under it."""

    def wake(self) -> None:
        """Look for what was enqueued without one."""


class AlreadyStarted(Enum):
    """The same start came twice: the other one sent the message."""

    TWICE = "twice"


_Outcome = Message | AlreadyStarted | Exhausted


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What the waiting page may know. It is the same for a decoy."""

    challenge_id: ChallengeId
    code_length: int


class StartPasswordless(msgspec.Struct, frozen=True):
    """The message is in the outbox when this returns, or a limit was raised."""

    database: Database
    keyring: Keyring
    clock: Clock
    limits: LimitSettings
    courier: Courier
    texts: LeasedLimit
    """Text messages of the whole installation."""

    async def __call__(self, request: StartRequest) -> Started | AlreadyStarted:
        """Raise ``InvalidRequest`` for what may not be sent, ``TooManyRequests`` for a limit."""
        check_sendable(request)
        began = time.monotonic()
        lease = self.courier.promise()
        outcome: _Outcome | None = None
        try:
            outcome = await self._outcome(request, lease, began)
        finally:
            if lease is not None and not isinstance(outcome, Message):
                self.courier.release()
        if isinstance(outcome, AlreadyStarted):
            return outcome
        if isinstance(outcome, Exhausted):
            with suppress(Unavailable):  # refused it is; the note is not worth a second long wait
                require_time_since(began)
                await self.database.transact(lambda tx: self._record_limit(tx, request, outcome))
            limit = outcome.limit
            raise TooManyRequests(limit.name, allowed=limit.allowed, until=outcome.until)
        if lease is None:
            self.courier.wake()
        else:
            self.courier.take(outcome, lease)
        return Started(challenge_id=outcome.challenge_id, code_length=outcome.inputs["code_length"])

    async def _outcome(self, request: StartRequest, lease: Lease | None, began: float) -> _Outcome:
        if request.identifier.connection != SMS:
            return await self._sent(request, lease, began)
        use = await self.texts.spend()
        if isinstance(use, Exhausted):
            require_time_since(began)
            return await self._step_by_step(request, lease, use)
        is_spent = False
        try:
            require_time_since(began)
            outcome = await self._sent(request, lease, began)
            is_spent = isinstance(outcome, Message)
        except (Unavailable, CancelledError):
            is_spent = True  # it may be durable, and its text be sent all the same
            raise
        finally:
            if not is_spent:
                self.texts.give_back(use)
        return outcome

    async def _sent(self, request: StartRequest, lease: Lease | None, began: float) -> _Outcome:
        found = await self._at_once(request, lease)
        if found is None:
            require_time_since(began)
            return await self._step_by_step(request, lease, None)
        return found

    async def _at_once(
        self, request: StartRequest, lease: Lease | None
    ) -> Message | Exhausted | None:
        """Do all of it in one statement where that is possible; nothing: it was not."""
        at_once = self.database.at_once
        if at_once is None or request.waiting or request.idempotency_key:
            return None
        now = self.clock.now()
        terms = terms_of(request, longer=False)
        subject = self._subject(request, decoy=False, now=now)
        challenge = issue(subject, terms, self.keyring, now=now)
        start = WholeStart(
            challenge=challenge,
            message=message_for(challenge, request, terms, lease),
            terms=terms,
            limits=self._limits_of(request, Browser.STRANGER),
            event=_issued(challenge),
            sign_up=request.connection.sign_up,
            request_id=request.origin.request_id,
            ip=request.origin.ip,
        )
        return await start_at_once(at_once, start, budget_of(self.limits))

    async def _step_by_step(
        self, request: StartRequest, lease: Lease | None, no_text: Exhausted | None
    ) -> _Outcome:
        outcome = await self.database.transact(lambda tx: self._decide(tx, request, lease, no_text))
        return outcome.refusal if isinstance(outcome, Undone) else outcome

    async def _decide(
        self,
        tx: Transaction,
        request: StartRequest,
        lease: Lease | None,
        no_text: Exhausted | None,
    ) -> Message | AlreadyStarted | Undone[Exhausted]:
        now = self.clock.now()
        digest = request.identifier.digest
        if await _is_second_press(tx, request, now) or await self._is_repeated(tx, request, now):
            return AlreadyStarted.TWICE
        standing = await identities.find_standing(tx, digest)
        browser = browser_kind(standing, request.known_since)
        chosen = self._limits_of(request, browser)
        exhausted = await limits.spend_all(tx, chosen, now) or no_text
        if exhausted is not None:
            # What a refused start has counted so far, and that the button was pressed, must be as
            # if it had never been.
            return Undone(exhausted)
        guesses = await challenges.count_guesses(tx, digest, browser, now)
        terms = terms_of(request, longer=budget_of(self.limits).is_used_up(guesses))
        welcome = request.connection.sign_up if standing is None else standing.blocked_at is None
        subject = self._subject(request, decoy=not welcome, now=now)
        challenge = issue(subject, terms, self.keyring, now=now)
        # What this retires is still sent, though it is dead on arrival: a start that was answered
        # with success has its message.
        await challenges.add(tx, challenge, live=terms.live, now=now)
        message = message_for(challenge, request, terms, lease)
        await delivery.enqueue(tx, message)
        await audit.record(tx, _issued(challenge), request.origin, now=now)
        return message

    async def _record_limit(
        self, tx: Transaction, request: StartRequest, exhausted: Exhausted
    ) -> None:
        """Once per window: an event for every refusal would let a flood fill the disk."""
        if not await limits.note_refusal(tx, exhausted):
            return
        now = self.clock.now()
        reached = LimitReached(
            limit=exhausted.limit.name,
            identifier_digest=request.identifier.digest,
            client_id=request.client.client_id,
        )
        await audit.record(tx, reached, request.origin, now=now)
        if exhausted.limit.name == "sms_per_number_block":
            pumping = SmsPumpingSuspected(number_block=request.identifier.number_block)
            await audit.record(tx, pumping, request.origin, now=now)

    def _subject(self, request: StartRequest, *, decoy: bool, now: datetime) -> Subject:
        address = self._address_limit()
        return Subject(
            identifier_digest=request.identifier.digest,
            connection=request.identifier.connection,
            identifier=request.identifier.value,
            client_id=request.client.client_id,
            authorization_id=request.authorization_id,
            return_to=request.return_to,
            address_digest=(None if request.trusted else address.digest_of(request.origin.network)),
            decoy=decoy,
            id=self._repeated_id(request, now),
        )

    async def _is_repeated(self, tx: Transaction, request: StartRequest, now: datetime) -> bool:
        for moment in (now, now - _KEY_TERM):
            challenge_id = self._repeated_id(request, moment)
            if challenge_id and await challenges.find_challenge(tx, challenge_id):
                return True
        return False

    def _repeated_id(self, request: StartRequest, now: datetime) -> ChallengeId | None:
        if request.idempotency_key is None:
            return None
        # Code and link follow from the id. Without a term in it, a key that comes again once the
        # row was purged would bring a used code back to life.
        term = now.timestamp() // _KEY_TERM.total_seconds()
        client_id, key = request.client.client_id, request.idempotency_key
        whole = f"{client_id}\0{request.send}\0{term:.0f}\0{key}"
        return repeated_challenge_id(request.identifier.digest, whole, self.keyring)

    def _limits_of(self, request: StartRequest, browser: Browser) -> list[tuple[Limit, str]]:
        per_identifier = limit_of("starts_per_identifier", self.limits.starts_per_identifier)
        chosen = [(per_identifier, f"{browser}:{request.identifier.digest}")]
        if not request.trusted:
            chosen.append((self._address_limit(), request.origin.network))
        if request.identifier.connection == SMS:
            per_block = limit_of("sms_per_number_block", self.limits.sms_per_number_block)
            chosen.append((per_block, request.identifier.number_block))
        return chosen

    def _address_limit(self) -> Limit:
        return limit_of(ADDRESS_LIMIT, self.limits.starts_per_address)


async def _is_second_press(tx: Transaction, request: StartRequest, now: datetime) -> bool:
    if request.waiting is None:
        return False
    connection = request.connection
    start = Start(
        id=request.waiting.authorization_id,
        identifier=request.identifier.value,
        identifier_digest=request.identifier.digest,
        challenged_connection=request.identifier.connection,
        starts=request.waiting.starts,
        lives_until=now + max(connection.code_lifetime, connection.link_lifetime) + _GRACE,
    )
    return not await authorizations.note_start(tx, start, now)


def _issued(challenge: Challenge) -> ChallengeIssued:
    return ChallengeIssued(
        identifier_digest=challenge.identifier_digest,
        client_id=challenge.client_id,
        connection=challenge.connection,
        send=challenge.send,
        decoy=challenge.decoy,
    )
