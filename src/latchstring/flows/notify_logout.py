"""The loop that tells applications that somebody signed out (OpenID Back-Channel Logout 1.0).

Each notice is held by one process at a time, for longer than a call can take, so nobody needs to
say that they still live. Results are written and new notices taken in one transaction a round.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from random import SystemRandom

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import Unavailable
from latchstring.base.ids import NoticeId
from latchstring.base.logging import get_logger
from latchstring.base.origin import NOWHERE
from latchstring.base.outbound import OutboundError, OutboundRefused, Poster
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import LogoutNotDelivered
from latchstring.domain.clients.client import Client
from latchstring.domain.keys.signer import Signer, TokenKind
from latchstring.domain.notices import store
from latchstring.domain.notices.notice import (
    Notice,
    Outcome,
    State,
    after_answer,
    after_failure,
    logout_token,
)

LEASE = timedelta(seconds=20)
"""A call ends after ten seconds, and is written down soon after."""

_POLL_SECONDS = 1.0
_TROUBLE_SECONDS = 1.0
_GRACE_SECONDS = 3.0
_LAST_WRITE_SECONDS = 3.0
_AT_ONCE = 32
_AT_ONCE_EACH = 8
"""An application that does not answer holds no more places than these."""
_CROWDED = timedelta(seconds=2)
_MOST_DOUBLINGS = 5
_LARGEST_ANSWER = 16 * 1024
_FINAL = frozenset({State.REFUSED, State.GIVEN_UP})

Report = Callable[[Notice, Outcome], None]


def _silent(_notice: Notice, _outcome: Outcome) -> None:
    """Report to nobody."""


class NotifyLogout(msgspec.Struct, eq=False, kw_only=True):
    """Runs until it is stopped. ``wake`` it after a commit that ended a session."""

    database: Database
    clock: Clock
    clients: Callable[[], Mapping[str, Client]]
    signer: Signer
    issuer: str
    caller: Poster
    owner: str
    report: Report = _silent
    draw: Callable[[], float] = msgspec.field(default_factory=lambda: SystemRandom().random)
    _wake: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    _calls: dict[NoticeId, asyncio.Task[None]] = msgspec.field(default_factory=dict)
    _busy: Counter[str] = msgspec.field(default_factory=Counter)
    _turned_away: Counter[str] = msgspec.field(default_factory=Counter)
    """How many notices of an application found no place since one of its calls ended."""
    _outcomes: list[tuple[Notice, Outcome]] = msgspec.field(default_factory=list)

    def wake(self) -> None:
        """Look now; from the event loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Tell until cancelled; then let what is being told end, for a moment."""
        try:
            while True:
                await self._pause()
                try:
                    await self._round()
                except Unavailable:
                    await asyncio.sleep(_TROUBLE_SECONDS)
                except Exception:  # noqa: BLE001 - a loop that ends would tell nobody any more
                    get_logger().exception("logout_round_failed")
                    await asyncio.sleep(_TROUBLE_SECONDS)
        finally:
            await self._end()

    async def notify_due(self) -> None:
        """Tell what is due now and return when all of it has had its try."""
        while await self._is_due() or self._calls or self._outcomes:
            await self._round()
            if self._calls:
                await asyncio.wait(self._calls.values(), return_when=asyncio.FIRST_COMPLETED)

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_POLL_SECONDS):
                await self._wake.wait()
        self._wake.clear()

    async def _is_due(self) -> bool:
        due_at = await self.database.read(store.next_due)
        return due_at is not None and due_at <= self.clock.now()

    async def _round(self) -> None:
        """Write down what came of calls and begin others; an idle round costs one small read."""
        room = _AT_ONCE - len(self._calls)
        if not (room and await self._is_due()) and not self._outcomes:
            return
        outcomes = list(self._outcomes)
        found, ours = await self.database.transact(lambda tx: self._tend(tx, outcomes, room))
        del self._outcomes[: len(outcomes)]
        for notice, outcome in ours:
            self.report(notice, outcome)
        for notice in found:
            self._begin(notice)

    async def _tend(
        self, tx: Transaction, outcomes: list[tuple[Notice, Outcome]], room: int
    ) -> tuple[list[Notice], list[tuple[Notice, Outcome]]]:
        now = self.clock.now()
        ours = [
            (notice, outcome)
            for notice, outcome in outcomes
            if await store.settle(tx, notice.id, outcome, owner=self.owner)
        ]
        for notice, outcome in ours:
            if outcome.state in _FINAL:
                await audit.record(tx, _event(notice, outcome), NOWHERE, now=now)
        if room <= 0:
            return [], ours
        return await store.claim(tx, self.owner, until=now + LEASE, now=now, most=room), ours

    def _begin(self, notice: Notice) -> None:
        if notice.id in self._calls:  # the lease ran out under us, and the call still goes on
            return
        client = self.clients().get(notice.client_id)
        url = client.backchannel_logout_uri if client is not None else None
        if client is None or url is None:
            self._decide(notice, Outcome(State.VOID, self.clock.now()))
        elif self._busy[notice.client_id] >= _AT_ONCE_EACH:
            self._decide(notice, self._later(notice))
        else:
            self._busy[notice.client_id] += 1
            self._calls[notice.id] = asyncio.create_task(self._call(notice, client, url))

    def _later(self, notice: Notice) -> Outcome:
        """Send it to the end of its application's queue: the longer that is, the later.

        Else thousands for an application that hangs would be taken and put back without a pause.
        """
        ahead = self._turned_away[notice.client_id]
        self._turned_away[notice.client_id] += 1
        wait = _CROWDED * 2 ** min(ahead // _AT_ONCE, _MOST_DOUBLINGS)
        later = self.clock.now() + wait * (1 + self.draw())
        return Outcome(State.WAITING, later, notice.last_error, tried=False)

    async def _call(self, notice: Notice, client: Client, url: str) -> None:
        try:
            self._decide(notice, await self._answer(notice, client, url))
        except asyncio.CancelledError:
            # Whoever comes next may go on at once; it counts as a try, since it may have arrived.
            self._decide(notice, Outcome(State.WAITING, self.clock.now(), "the process stopped"))
        finally:
            self._busy[notice.client_id] -= 1
            del self._turned_away[notice.client_id]
            del self._calls[notice.id]

    async def _answer(self, notice: Notice, client: Client, url: str) -> Outcome:
        try:
            claims = logout_token(self.issuer, notice, now=self.clock.now())
            algorithm = client.id_token_signed_response_alg
            token = self.signer.sign(claims, algorithm, TokenKind.LOGOUT_TOKEN)
            answer = await self.caller.post_form(
                url,
                {"logout_token": token},
                trusted=not client.dynamic,
                limit=_LARGEST_ANSWER,
            )
        except OutboundRefused as refusal:
            return Outcome(State.REFUSED, self.clock.now(), f"its address {refusal}")
        except OutboundError as trouble:
            reason = str(trouble)
        except Unavailable:
            reason = "nothing can sign"
        except Exception as mistake:  # noqa: BLE001 - a mistake of ours is not the others' fault
            get_logger().exception("logout_call_failed", client_id=client.client_id)
            reason = f"the call failed: {type(mistake).__name__}"
        else:
            return after_answer(notice, answer.status, now=self.clock.now(), draw=self.draw)
        return after_failure(notice, reason, now=self.clock.now(), draw=self.draw)

    def _decide(self, notice: Notice, outcome: Outcome) -> None:
        self._outcomes.append((notice, outcome))
        self._wake.set()

    async def _end(self) -> None:
        calls = list(self._calls.values())
        if calls:
            _, late = await asyncio.wait(calls, timeout=_GRACE_SECONDS)
            for call in late:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        outcomes = list(self._outcomes)
        if outcomes:
            # Unwritten, it is told once more by whoever comes next, under the same jti.
            with contextlib.suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(_LAST_WRITE_SECONDS):
                    await self.database.transact(lambda tx: self._tend(tx, outcomes, 0))


def _event(notice: Notice, outcome: Outcome) -> LogoutNotDelivered:
    return LogoutNotDelivered(
        client_id=notice.client_id,
        user_id=notice.user_id,
        session_id=notice.sid,
        state=outcome.state.value,
        attempts=notice.attempts,
        reason=outcome.last_error,
    )
