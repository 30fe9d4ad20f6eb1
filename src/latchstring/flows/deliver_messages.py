"""The worker's loop: take what is due from the outbox, hand it over, write down what became of it.

Each message is held by one worker at a time, for five seconds at most unless it says in time that
it still lives; who loses a message stops sending it. Everything the outbox must learn (results,
renewals) and give (new messages) goes through one transaction a round, so that a busy worker
commits once for many messages.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from random import SystemRandom

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import Unavailable
from latchstring.base.ids import MessageId
from latchstring.base.logging import get_logger
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.delivery import store
from latchstring.domain.delivery.lanes import Lanes, lane_of
from latchstring.domain.delivery.message import Message, State
from latchstring.domain.delivery.parcel import Parcel, scrubbed
from latchstring.domain.delivery.render import Renderer
from latchstring.domain.delivery.senders import SendError, Senders
from latchstring.domain.delivery.store import Lease
from latchstring.domain.delivery.verdict import (
    Again,
    Report,
    Settlement,
    Verdict,
    after_failure,
    without_sending,
)
from latchstring.flows import flight as flights
from latchstring.flows.flight import Flight, Round

_POLL_SECONDS = 0.5
_TROUBLE_SECONDS = 0.5
_GRACE_SECONDS = 20.0
_LAST_WRITE_SECONDS = 5.0
"""Past the grace, to write down what became of messages; a busy database is waited for as long."""
_CROWDED = timedelta(seconds=4)
"""Over how long the messages of a crowded lane are spread when they are put back."""


def new_owner(role: str) -> str:
    """Return a name for one worker's claims; all of one role begin alike (``release_claims``)."""
    return f"{role}/{secrets.token_hex(6)}"


def _silent(_report: Report) -> None:
    """Report to nobody."""


class DeliverMessages(msgspec.Struct, eq=False, kw_only=True):
    """Runs until it is stopped. ``wake`` it after a commit that enqueued something."""

    database: Database
    clock: Clock
    renderer: Renderer
    senders: Senders
    owner: str
    predecessors: str = ""
    """Prefix of owners known to be dead; what they held is taken over at the start."""
    report: Callable[[Report], None] = _silent
    draw: Callable[[], float] = msgspec.field(default_factory=lambda: SystemRandom().random)
    lanes: Lanes = msgspec.field(default_factory=Lanes)
    _wake: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    _ended: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    _stopping: bool = False
    _abandoned: bool = False
    _is_ready: bool = False
    _running: asyncio.Task[None] | None = None
    _promised: int = 0
    _searching: bool = False
    _search_at: float = 0.0
    _flights: dict[MessageId, Flight] = msgspec.field(default_factory=dict)
    _verdicts: list[tuple[Message, Verdict]] = msgspec.field(default_factory=list)

    def wake(self) -> None:
        """Look at the outbox now; from the event loop's thread."""
        self._searching = True
        self._wake.set()

    def promise(self) -> Lease | None:
        """Return a lease for a message about to be enqueued; none while there is no place for it.

        Who got one ends it with ``take`` or ``release``.
        """
        if self._stopping or not self._is_ready:
            return None
        # While older messages wait in the outbox, half of the places are theirs.
        kept = self.lanes.fast // 2 if self._searching else 0
        if self.lanes.room - self._promised <= kept:
            return None
        self._promised += 1
        return Lease(self.owner, self.clock.now() + flights.LEASE, time.monotonic())

    def take(self, message: Message, lease: Lease) -> None:
        """Send what was enqueued under a lease of ours, now that it is durable.

        Where that came too late it is for whoever finds it in the outbox: sent here, it could be
        sent twice.
        """
        self.release()
        ends = lease.began + flights.LEASE.total_seconds()
        if self._ended.is_set() or time.monotonic() >= ends:
            self.wake()
            return
        verdict = without_sending(message, self.clock.now())
        if verdict is None:
            self._start(message, lease.began)
        else:
            self._decide(message, verdict)

    def release(self) -> None:
        """Take a lease back: nothing was enqueued under it."""
        self._promised -= 1
        if self._stopping:
            self._wake.set()

    async def run(self) -> None:
        """Deliver until ``stop``; no trouble of the database or of one message ends this."""
        self._running = asyncio.current_task()
        self._is_ready = not self.predecessors
        self.wake()
        try:
            while not self._is_done():
                await self._pause()
                try:
                    if not self._is_ready:
                        # What was promised before would be taken from ourselves.
                        await self.take_over()
                        self._is_ready = True
                    await self._look()
                except Unavailable:
                    await self._calm_down()
                except Exception:  # noqa: BLE001 - a mistake of ours must not end all delivery
                    get_logger().exception("delivery_round_failed")
                    await self._calm_down()
        except asyncio.CancelledError:
            if not self._abandoned:
                raise
        finally:
            for flight in list(self._flights.values()):
                self._lose(flight)
            self._ended.set()

    async def stop(self, grace: float = _GRACE_SECONDS) -> None:
        """Take nothing new, finish what is being sent, cut off what takes too long.

        Returns in a bounded time, whatever state the database is in.
        """
        self._stopping = True
        self.wake()
        if await self._ends_within(grace):
            return
        for flight in self._flights.values():
            if flight.task is not None:
                flight.task.cancel()
        if await self._ends_within(_LAST_WRITE_SECONDS):
            return
        # Nothing can be written. Unwritten, a hand-over is done once more by whoever comes next,
        # under the same Message-ID; never to end would only bring the same by force.
        get_logger().error("delivery_results_lost", messages=len(self._verdicts))
        self._abandoned = True
        if self._running is not None:
            self._running.cancel()

    async def _ends_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    async def take_over(self) -> int:
        """Make due at once what dead predecessors held; answer how many messages that were."""
        if not self.predecessors:  # an empty prefix would be everybody's
            return 0
        now = self.clock.now()
        return await self.database.transact(
            lambda tx: store.release_claims(tx, self.predecessors, now)
        )

    async def deliver_due(self) -> None:
        """Deliver what is due now and return when all of it has had its attempt."""
        while await self._finds_something_due() or self._flights or self._verdicts:
            await self._round()
            tasks = [flight.task for flight in self._flights.values() if flight.task]
            if tasks and not self._verdicts:
                await asyncio.wait(
                    tasks, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )

    async def _pause(self) -> None:
        if not self._wake.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._wake.wait()

    def _is_done(self) -> bool:
        busy = self._promised or self._flights or self._verdicts
        return self._stopping and not busy

    async def _look(self) -> None:
        """Do a round if there may be something to do; an idle poll costs one small read."""
        woken = self._wake.is_set()
        self._wake.clear()
        now = time.monotonic()
        due = any(now >= flight.renew_at for flight in self._flights.values())
        # On a busy server somebody wakes us all the time, and what waits for another try, or was
        # somebody's who died, must not wait until it is quiet.
        if not self._searching and (not woken or now >= self._search_at):
            self._search_at = now + _POLL_SECONDS
            await self._finds_something_due()
        if due or self._verdicts or self._searching:
            await self._round()

    async def _finds_something_due(self) -> bool:
        """Look at the outbox; the next round takes what is due."""
        due_at = await self.database.read(store.next_due)
        found = due_at is not None and due_at <= self.clock.now()
        self._searching = self._searching or found  # somebody may have woken us meanwhile
        return found

    async def _calm_down(self) -> None:
        await asyncio.sleep(_TROUBLE_SECONDS)
        self.wake()

    async def _round(self) -> None:
        began = time.monotonic()
        self.lanes.age(began)
        room = max(0, self.lanes.room - self._promised)
        searching = self._searching and not self._stopping
        if room:  # else the search waits for the next free place
            self._searching = False
        plan = Round(
            verdicts=list(self._verdicts),
            renewals=[f for f in self._flights.values() if began >= f.renew_at],
            most=room if searching else 0,
        )
        done = await self.database.transact(lambda tx: self._tend(tx, plan))
        del self._verdicts[: len(plan.verdicts)]
        for flight in done.renewals:
            flight.held_until = began + flights.LEASE.total_seconds()
        for flight in done.lost:
            self._lose(flight)
        for message in done.claimed:
            self._start(message, began)
        if plan.most and len(done.found) >= plan.most:
            self.wake()  # there may be more, and those that were not sent took no place
        for report in done.reports:
            self.report(report)

    async def _tend(self, tx: Transaction, plan: Round) -> Round:
        """Write results, renew what is still being sent, claim what is due."""
        # A fresh result: the database may run this again after a rollback.
        done = Round(verdicts=plan.verdicts, renewals=plan.renewals, most=plan.most)
        now = self.clock.now()
        lease = Lease(self.owner, now + flights.LEASE)
        await self._write(tx, plan.verdicts, done)
        for flight in plan.renewals:
            if not await store.renew(tx, flight.message.id, lease):
                done.lost.append(flight)
        if plan.most <= 0:
            return done
        unsent: list[tuple[Message, Verdict]] = []
        done.found.extend(await store.claim(tx, lease, now=now, most=plan.most))
        for message in done.found:
            verdict = without_sending(message, now)
            if verdict is None:
                done.claimed.append(message)
            else:
                unsent.append((message, verdict))
        await self._write(tx, unsent, done)
        return done

    async def _write(
        self, tx: Transaction, verdicts: list[tuple[Message, Verdict]], done: Round
    ) -> None:
        now, owner = self.clock.now(), self.owner
        ours: set[MessageId] = set()
        ends = {it.id: verdict for it, verdict in verdicts if isinstance(verdict, Settlement)}
        if ends:
            ours |= await store.settle(tx, ends, owner=owner, now=now)
        for message, verdict in verdicts:
            if isinstance(verdict, Settlement):
                continue
            if not verdict.tried:
                await store.put_back(tx, message.id, owner=owner, due_at=verdict.due_at)
            elif await store.retry(
                tx,
                message.id,
                owner=owner,
                due_at=verdict.due_at,
                last_error=verdict.last_error,
            ):
                ours.add(message.id)
        reports = [
            Report(message=message, verdict=verdict, at=now)
            for message, verdict in verdicts
            if message.id in ours
        ]
        done.reports.extend(reports)
        if failures := flights.failures_among(reports):
            await audit.record_all(tx, failures, now=now)

    def _start(self, message: Message, began: float) -> None:
        lane = lane_of(message)
        if not self.lanes.admits(lane):
            wait = _CROWDED * (0.25 + self.draw()) * self.lanes.turn_away(lane)
            self._decide(message, Again(due_at=self.clock.now() + wait, tried=False))
            return
        flight = Flight(message, began + flights.LEASE.total_seconds())
        self._flights[message.id] = flight
        self.lanes.enter(message.id, lane, began)
        flight.task = asyncio.create_task(self._fly(flight))
        self._watch(flight)

    async def _fly(self, flight: Flight) -> None:
        message = flight.message
        try:
            self._decide(message, await self._attempt(message))
        except asyncio.CancelledError:
            if not flight.lost:  # the worker stops: the next one may go on at once
                again = Again(due_at=self.clock.now(), last_error="the worker was stopped")
                self._decide(message, again)
        finally:
            self._land(flight)
            self._wake.set()

    async def _attempt(self, message: Message) -> Verdict:
        try:
            parcel = self.renderer.render(message)
        except Exception as broken:  # noqa: BLE001 - one broken row must not stop the others
            return self._unrendered(message, broken)
        remaining = (message.give_up_at - self.clock.now()).total_seconds()
        try:
            async with asyncio.timeout(max(0.0, remaining)):
                return await self._handed_over(message, parcel)
        except TimeoutError:
            return Settlement(state=State.EXPIRED, last_error="time ran out while sending")

    def _unrendered(self, message: Message, broken: Exception) -> Verdict:
        """Try again, until it is too late: the key or template may be one that only we lack yet."""
        reason = f"cannot be rendered: {type(broken).__name__}"  # its own words may quote the row
        if message.last_error != reason:  # once per message, not once per attempt
            get_logger().error("message_not_rendered", message_id=message.id, reason=reason)
        error = SendError(reason, permanent=False)
        return after_failure(message, error, reason=reason, now=self.clock.now(), draw=self.draw)

    async def _handed_over(self, message: Message, parcel: Parcel) -> Verdict:
        try:
            handed = await self.senders.send(parcel)
        except SendError as trouble:
            error = trouble
        except Exception as mistake:  # noqa: BLE001 - a sender's mistake is not the message's fault
            get_logger().exception("sender_failed", channel=message.channel.value)
            error = SendError(f"sender failed: {type(mistake).__name__}", permanent=False)
        else:
            answer = scrubbed(handed.answer, parcel)
            return Settlement(state=State.HANDED_OVER, provider_answer=answer)
        reason = scrubbed(error.reason, parcel)
        now = self.clock.now()
        return after_failure(message, error, reason=reason, now=now, draw=self.draw)

    def _decide(self, message: Message, verdict: Verdict) -> None:
        self._verdicts.append((message, verdict))
        self._wake.set()

    def _watch(self, flight: Flight) -> None:
        """Lose it when it was not renewed in time: another worker may have it by now."""
        left = flight.held_until - time.monotonic()
        if left > 0:
            flight.watch = asyncio.get_running_loop().call_later(left, self._watch, flight)
        else:
            self._lose(flight)

    def _lose(self, flight: Flight) -> None:
        """Stop sending at once; whoever takes the message next reports on it."""
        flight.lost = True
        if flight.task is not None:
            flight.task.cancel()
        self._land(flight)

    def _land(self, flight: Flight) -> None:
        if flight.watch is not None:
            flight.watch.cancel()
        # A lost message may have come back to us meanwhile, as another flight.
        if self._flights.get(flight.message.id) is flight:
            del self._flights[flight.message.id]
            self.lanes.leave(flight.message.id)
