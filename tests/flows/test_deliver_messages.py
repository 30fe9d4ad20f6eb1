"""The worker: every message once, none too late, nobody waits for somebody else's trouble."""

import asyncio
import time
from collections import Counter
from datetime import timedelta

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from latchstring.base.clock import SystemClock
from latchstring.base.errors import Unavailable
from latchstring.base.secrets import UnknownKey
from latchstring.domain.audit import store as audit
from latchstring.domain.delivery import store
from latchstring.domain.delivery.lanes import Lanes
from latchstring.domain.delivery.message import Channel, State
from latchstring.domain.delivery.parcel import Mail
from latchstring.domain.delivery.render import Renderer
from latchstring.domain.delivery.senders import Handed, SendError, Senders
from latchstring.domain.delivery.senders.smtp import SmtpSender
from latchstring.domain.delivery.senders.smtp_pool import SmtpPool
from latchstring.domain.delivery.senders.smtp_url import parse_smtp_url
from latchstring.domain.delivery.store import Lease
from latchstring.domain.delivery.verdict import Report
from latchstring.flows import deliver_messages as flow
from latchstring.flows import flight
from tests.support.clock import FixedClock
from tests.support.delivery import (
    NOW,
    FakeSecrets,
    FakeSender,
    a_letterhead,
    a_message,
    a_renderer,
    a_sign_in,
)
from tests.support.places import here
from tests.support.relay import Sink, relay
from tests.support.workers import a_worker, at_rest, enqueue, found, never, running, until

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def sender():
    return FakeSender()


@pytest.fixture
def worker(database, clock, sender):
    return a_worker(database, sender, clock=clock)


# --- what becomes of a message -----------------------------------------------------------------


async def test_a_message_is_handed_over(database, worker, sender):
    message = a_message()
    await enqueue(database, message)
    await worker.deliver_due()
    row = await found(database, message)
    assert (row.state, row.provider_answer, row.attempts) == (State.HANDED_OVER, "250 fine", 1)
    assert (row.settled_at, row.lease_owner) == (NOW, None)
    assert sender.parcels == [a_renderer().render(message)]


async def test_each_channel_has_its_sender(database, worker):
    mail, sms = FakeSender(), FakeSender()
    worker.senders = Senders(email=mail, sms=sms)
    await enqueue(database, a_message("mail"), a_message("sms", channel=Channel.SMS))
    await worker.deliver_due()
    assert (mail.recipients, sms.recipients) == (["alice@example.com"], ["+14155550100"])


async def test_without_a_sender_the_message_fails_with_the_reason(database, worker):
    worker.senders = Senders(email=None, sms=None)
    message = a_message(channel=Channel.SMS)
    await enqueue(database, message)
    await worker.deliver_due()
    row = await found(database, message)
    assert (row.state, row.last_error) == (State.FAILED, "no sender is configured for this channel")


async def test_a_decoy_is_suppressed_and_never_sent(database, worker, sender):
    decoy = a_message(decoy=True)
    await enqueue(database, decoy)
    await worker.deliver_due()
    assert (await found(database, decoy)).state is State.SUPPRESSED
    assert sender.parcels == []


async def test_m21_an_expired_message_is_never_sent(database, worker, sender, clock):
    message = a_message(give_up_at=NOW + 60 * SECOND)
    await enqueue(database, message)
    clock.advance(60)
    await worker.deliver_due()
    row = await found(database, message)
    assert (row.state, row.settled_at) == (State.EXPIRED, NOW + 60 * SECOND)
    assert sender.parcels == []


async def test_m21_time_may_run_out_while_sending(database, sender):
    message = a_message(give_up_at=NOW + timedelta(milliseconds=100))
    sender.behave = never
    await enqueue(database, message)
    await a_worker(database, sender).deliver_due()
    row = await found(database, message)
    assert (row.state, row.last_error) == (State.EXPIRED, "time ran out while sending")
    assert sender.cancelled == 1


async def test_p7_a_final_refusal_is_final(database, worker, sender):
    async def refuse(parcel):
        raise SendError(f"550 5.7.1 spam: {parcel.subject} {parcel.link}", permanent=True)

    sender.behave = refuse
    message = a_message()
    await enqueue(database, message)
    await worker.deliver_due()
    row = await found(database, message)
    assert row.state is State.FAILED
    assert row.last_error == "550 5.7.1 spam: […] is your Acme sign-in code […]"
    assert len(sender.parcels) == 1


async def test_p5_a_retry_is_the_same_message_to_the_byte(database, worker, sender, clock):
    async def first_no_then_yes(_parcel):
        if len(sender.parcels) < 3:
            raise SendError("451 4.7.1 later", permanent=False)
        return Handed("250 ok")

    sender.behave = first_no_then_yes
    message = a_message()
    await enqueue(database, message)
    for _ in range(3):
        await worker.deliver_due()
        clock.advance(30)
    first, *others = sender.parcels
    assert [other == first for other in others] == [True, True]
    assert isinstance(first, Mail)
    row = await found(database, message)
    assert (row.state, row.attempts) == (State.HANDED_OVER, 3)


async def test_retries_back_off_and_end_with_the_message(database, worker, sender, clock):
    async def later(_parcel):
        raise SendError("421 4.3.2 busy", permanent=False)

    sender.behave = later
    message = a_message(give_up_at=NOW + 600 * SECOND)
    await enqueue(database, message)
    waits: list[float] = []
    await worker.deliver_due()
    while (row := await found(database, message)).state is State.QUEUED:
        assert (row.last_error, row.lease_owner) == ("421 4.3.2 busy", None)
        waits.append((row.due_at - clock.now()).total_seconds())
        clock.advance(waits[-1])
        await worker.deliver_due()
    assert row.state is State.EXPIRED
    assert row.last_error == "421 4.3.2 busy"
    assert waits[:6] == [0.6, 1.1, 2.1, 4.1, 8.1, 16.1]
    assert max(waits) == 20.1
    assert clock.now() < message.give_up_at


async def test_the_provider_s_wish_is_granted(database, worker, sender):
    async def limited(_parcel):
        raise SendError("429", permanent=False, retry_after=90 * SECOND)

    sender.behave = limited
    message = a_message()
    await enqueue(database, message)
    await worker.deliver_due()
    assert (await found(database, message)).due_at == NOW + 90 * SECOND


async def test_a_broken_row_waits_alone(database, worker, sender):
    broken = a_message("broken", inputs={"send": "pigeon"})
    unknown = a_message("unknown", template="sign_in_by_pigeon")
    good = a_message("good")
    await enqueue(database, broken, unknown, good)
    await worker.deliver_due()
    assert (await found(database, broken)).last_error == "cannot be rendered: ValidationError"
    assert (await found(database, unknown)).last_error == "cannot be rendered: TemplateNotFound"
    assert (await found(database, good)).state is State.HANDED_OVER


class SecretsOfAnOldKeyFile(FakeSecrets):
    """Knows the first key only."""

    def code(self, challenge_id, length, *, key_version):
        if key_version > 1:
            raise UnknownKey(key_version)
        return super().code(challenge_id, length, key_version=key_version)


async def test_a_worker_with_an_old_key_file_leaves_the_message_to_another(database, sender, clock):
    old = Renderer(SecretsOfAnOldKeyFile(), a_letterhead())
    message = a_message(key_version=2)
    await enqueue(database, message)
    await a_worker(database, sender, clock=clock, renderer=old).deliver_due()
    row = await found(database, message)
    assert (row.state, row.last_error) == (State.QUEUED, "cannot be rendered: UnknownKey")
    clock.advance(30)
    await a_worker(database, sender, clock=clock).deliver_due()
    assert (await found(database, message)).state is State.HANDED_OVER


async def test_what_nobody_can_render_is_logged_once_and_expires(database, worker, sender, clock):
    message = a_message(template="sign_in_by_pigeon")
    await enqueue(database, message)
    with capture_logs() as logs:
        while clock.now() < message.give_up_at:
            await worker.deliver_due()
            clock.advance(41)
        await worker.deliver_due()
    reason = "cannot be rendered: TemplateNotFound"
    assert logs == [
        {
            "event": "message_not_rendered",
            "log_level": "error",
            "message_id": message.id,
            "reason": reason,
        }
    ]
    row = await found(database, message)
    assert (row.state, row.last_error, row.attempts > 5) == (State.EXPIRED, reason, True)
    assert sender.parcels == []


async def test_a_sender_s_mistake_is_tried_again(database, worker, sender):
    async def stumble(_parcel):
        raise ZeroDivisionError

    sender.behave = stumble
    message = a_message()
    await enqueue(database, message)
    await worker.deliver_due()
    row = await found(database, message)
    assert (row.state, row.last_error) == (State.QUEUED, "sender failed: ZeroDivisionError")


async def test_reports_come_after_the_fact_and_without_secrets(database, worker, sender):
    async def some(parcel):
        if parcel.recipient.startswith("mallory"):
            raise SendError(f"550 no {parcel.code}", permanent=True)
        if parcel.recipient.startswith("bob"):
            raise SendError("450 later", permanent=False)
        return Handed(f"250 queued {parcel.code}")

    sender.behave = some
    reports: list[Report] = []
    worker.report = reports.append
    await enqueue(
        database,
        a_message("a"),
        a_message("b", recipient="bob@example.com"),
        a_message("m", recipient="mallory@example.com"),
        a_message("d", decoy=True),
    )
    await worker.deliver_due()
    states = {report.message.challenge_id: report.state for report in reports}
    assert states == {
        "challenge-a": State.HANDED_OVER,
        "challenge-b": State.QUEUED,
        "challenge-m": State.FAILED,
        "challenge-d": State.SUPPRESSED,
    }
    for report in reports:
        code = a_renderer().render(report.message).code
        assert code is not None
        assert code not in repr(report)


async def failures(database, message) -> list[dict[str, str]]:
    digest = message.identifier_digest
    events = await database.read(lambda tx: audit.events_of(tx, None, digest, count=10))
    assert {event.type for event in events} <= {"DeliveryFailed"}
    return [event.details for event in events]


async def test_r06_a_final_refusal_is_an_event_that_tells_neither_code_nor_address(
    database, worker, sender
):
    async def refuse(parcel):
        raise SendError(f"550 5.1.1 <{parcel.recipient}> {parcel.code}", permanent=True)

    sender.behave = refuse
    message = a_message()
    await enqueue(database, message)
    await worker.deliver_due()
    assert await failures(database, message) == [
        {"channel": "email", "state": "failed", "reason": "550 5.1.1 <[…]> […]"}
    ]


async def test_r06_giving_up_is_an_event_too_and_trying_again_is_none(
    database, worker, sender, clock
):
    async def later(_parcel):
        raise SendError("450 4.2.1 greylisted", permanent=False)

    sender.behave = later
    message = a_message(give_up_at=NOW + 60 * SECOND)
    await enqueue(database, message)
    await worker.deliver_due()
    assert await failures(database, message) == []
    clock.advance(60)
    await worker.deliver_due()
    assert await failures(database, message) == [
        {"channel": "email", "state": "expired", "reason": "450 4.2.1 greylisted"}
    ]


async def test_what_arrived_and_what_was_never_to_be_sent_is_no_failure(database, worker, sender):
    message, decoy = a_message("a"), a_message("d", decoy=True)
    await enqueue(database, message, decoy)
    await worker.deliver_due()
    assert sender.recipients == [message.recipient]
    assert await failures(database, message) == []


async def test_a_failure_that_is_not_ours_to_settle_is_no_event(database, sender):
    """Somebody else holds the message by now, and decides about it."""

    async def robbed(_parcel):
        await database.transact(
            lambda tx: store.release_claims(tx, holder.owner, NOW + 60 * SECOND)
        )
        raise SendError("550 no", permanent=True)

    holder = a_worker(database, sender)
    sender.behave = robbed
    message = a_message()
    await enqueue(database, message)
    await holder.deliver_due()
    assert (await found(database, message)).state is State.QUEUED
    assert await failures(database, message) == []


# --- who holds it ------------------------------------------------------------------------------


async def test_r04_two_workers_of_one_outbox_send_each_message_once(tmp_path):
    path, sender = tmp_path / "outbox.db", FakeSender()

    async def take_a_moment(_parcel):
        await asyncio.sleep(0.002)
        return Handed("250 ok")

    sender.behave = take_a_moment
    databases = [await here().open(path) for _ in range(2)]
    workers = [a_worker(database, sender) for database in databases]
    messages = [
        a_message(f"m{number}", recipient=f"u{number}@example.com") for number in range(300)
    ]
    async with running(*workers):
        for start in range(0, 300, 50):
            await enqueue(databases[0], *messages[start : start + 50])
            workers[0].wake()
            await asyncio.sleep(0.01)
        await until(lambda: len(sender.parcels) >= 300, 30)
        await asyncio.sleep(0.7)
    assert Counter(sender.recipients) == Counter(message.recipient for message in messages)
    for database in databases:
        assert await database.read(store.next_due) is None
        await database.close()


async def test_a_dead_worker_s_message_is_taken_over_when_its_lease_runs_out(
    database, worker, sender, clock
):
    message = a_message()
    await enqueue(database, message)
    dead = Lease("serve@here/dead", NOW + 5 * SECOND)
    await database.transact(lambda tx: store.claim(tx, dead, now=NOW, most=1))
    await worker.deliver_due()
    assert sender.parcels == []
    clock.advance(5)
    await worker.deliver_due()
    assert (await found(database, message)).attempts == 2
    assert len(sender.parcels) == 1


async def test_a_starting_server_takes_over_its_dead_predecessor_s_claims_at_once(database, sender):
    message = a_message()
    await enqueue(database, message)
    dead = Lease("serve@here/dead", NOW + 5 * SECOND)
    await database.transact(lambda tx: store.claim(tx, dead, now=NOW, most=1))
    async with running(a_worker(database, sender, predecessors="serve@here/")):
        await until(lambda: sender.parcels, 2)


async def test_no_predecessors_means_nobody_s_claims(database, worker):
    await enqueue(database, a_message())
    alive = Lease("serve@here/alive", NOW + 5 * SECOND)
    await database.transact(lambda tx: store.claim(tx, alive, now=NOW, most=1))
    assert await worker.take_over() == 0


async def test_a_lease_is_renewed_while_sending(database, sender, monkeypatch):
    monkeypatch.setattr(flight, "LEASE", timedelta(milliseconds=900))
    monkeypatch.setattr(flight, "_RENEW_SECONDS", 0.2)
    monkeypatch.setattr(flow, "_POLL_SECONDS", 0.05)

    async def slow(_parcel):
        await asyncio.sleep(2)
        return Handed("250 at last")

    sender.behave = slow
    clock = SystemClock()
    message = a_message(due_at=clock.now(), give_up_at=clock.now() + 60 * SECOND)
    await enqueue(database, message)
    workers = [a_worker(database, sender, clock=clock) for _ in range(2)]
    async with running(*workers):
        await asyncio.sleep(2.5)
    row = await found(database, message)
    assert (row.state, row.attempts, len(sender.parcels)) == (State.HANDED_OVER, 1, 1)


async def test_who_loses_its_lease_stops_sending(database, sender, monkeypatch):
    monkeypatch.setattr(flight, "_RENEW_SECONDS", 0.1)
    monkeypatch.setattr(flow, "_POLL_SECONDS", 0.05)
    sender.behave = never
    worker = a_worker(database, sender)
    message = a_message()
    await enqueue(database, message)
    async with running(worker):
        await until(lambda: sender.parcels)
        mallory = Lease("mallory/1", NOW + 60 * SECOND)

        async def steal(tx):
            await store.release_claims(tx, worker.owner, NOW)
            return await store.claim(tx, mallory, now=NOW, most=1)

        assert await database.transact(steal)
        await until(lambda: sender.cancelled)
    row = await found(database, message)
    assert (row.state, row.lease_owner) == (State.QUEUED, "mallory/1")


async def test_sending_stops_when_the_message_is_withdrawn(database, sender, monkeypatch):
    monkeypatch.setattr(flight, "_RENEW_SECONDS", 0.1)
    monkeypatch.setattr(flow, "_POLL_SECONDS", 0.05)
    sender.behave = never
    message = a_message()
    await enqueue(database, message)
    async with running(a_worker(database, sender)):
        await until(lambda: sender.parcels)
        await database.transact(
            lambda tx: store.withdraw(tx, message.recipient, reason="voided", now=NOW)
        )
        await until(lambda: sender.cancelled)
    row = await found(database, message)
    assert (row.state, row.last_error) == (State.SUPPRESSED, "voided")


async def test_who_cannot_renew_in_time_stops_sending(database, sender, monkeypatch):
    monkeypatch.setattr(flight, "LEASE", timedelta(milliseconds=400))
    monkeypatch.setattr(flight, "_RENEW_SECONDS", 0.1)
    monkeypatch.setattr(flow, "_POLL_SECONDS", 0.05)
    monkeypatch.setattr(flow, "_TROUBLE_SECONDS", 0.05)
    sender.behave = never
    broken = BreakableDatabase(database)
    worker = a_worker(broken, sender)
    await enqueue(database, a_message())
    async with running(worker):
        await until(lambda: sender.parcels)
        broken.down = True
        await until(lambda: sender.cancelled)
        broken.down = False


class BreakableDatabase:
    """A database that can be down for a while."""

    def __init__(self, database):
        self.database = database
        self.down = False

    async def transact(self, work):
        if self.down:
            raise Unavailable
        return await self.database.transact(work)

    async def read(self, work):
        if self.down:
            raise Unavailable
        return await self.database.read(work)

    async def close(self):
        await self.database.close()


async def test_what_was_sent_while_the_database_was_down_is_written_down_afterwards(
    database, sender, monkeypatch
):
    monkeypatch.setattr(flow, "_TROUBLE_SECONDS", 0.05)
    broken = BreakableDatabase(database)
    go_on = asyncio.Event()

    async def wait(_parcel):
        await go_on.wait()
        return Handed("250 ok")

    sender.behave = wait
    message = a_message()
    await enqueue(database, message)
    async with running(a_worker(broken, sender)):
        await until(lambda: sender.parcels)
        broken.down = True
        go_on.set()
        await asyncio.sleep(0.3)
        assert (await found(database, message)).state is State.QUEUED
        broken.down = False
        await until(lambda: not broken.down)
        await asyncio.sleep(0.2)
    row = await found(database, message)
    assert (row.state, len(sender.parcels)) == (State.HANDED_OVER, 1)


async def test_a_mistake_in_a_round_does_not_end_all_delivery(
    database, worker, sender, monkeypatch
):
    monkeypatch.setattr(flow, "_TROUBLE_SECONDS", 0.05)
    mistakes = [ZeroDivisionError(), ZeroDivisionError()]

    def report(_report):
        if mistakes:
            raise mistakes.pop()

    worker.report = report
    async with running(worker):
        for name in ("one", "two", "three"):
            await enqueue(database, a_message(name))
            worker.wake()
            await asyncio.sleep(0.2)
        await until(lambda: len(sender.parcels) == 3)


# --- the loop ----------------------------------------------------------------------------------


async def test_m20_a_woken_worker_sends_at_once(database, sender, monkeypatch):
    monkeypatch.setattr(flow, "_POLL_SECONDS", 30)
    worker = a_worker(database, sender)
    async with running(worker):
        await at_rest(worker)
        await enqueue(database, a_message())
        worker.wake()
        await until(lambda: sender.parcels)  # in less than it would take to look by itself


async def test_rows_of_other_processes_are_found_by_polling(database, sender):
    worker = a_worker(database, sender)
    async with running(worker):
        await at_rest(worker)
        await enqueue(database, a_message())
        await until(lambda: sender.parcels, 3)


async def test_an_idle_worker_never_asks_for_the_write_lock(database, sender, monkeypatch):
    monkeypatch.setattr(flow, "_POLL_SECONDS", 0.02)
    transactions = []
    watched = BreakableDatabase(database)
    inner = watched.transact

    async def transact(work):
        transactions.append(work)
        return await inner(work)

    watched.transact = transact  # type: ignore[method-assign]  # a spy for this test alone
    async with running(a_worker(watched, sender)):
        await asyncio.sleep(0.3)
        assert len(transactions) <= 1


async def test_stopping_finishes_what_is_being_sent(database, sender):
    async def slow(_parcel):
        await asyncio.sleep(0.4)
        return Handed("250 ok")

    sender.behave = slow
    worker = a_worker(database, sender)
    messages = [a_message(f"m{number}") for number in range(40)]
    await enqueue(database, *messages)
    async with running(worker):
        await until(lambda: sender.parcels)
    states = Counter([(await found(database, message)).state for message in messages])
    assert states[State.HANDED_OVER] == len(sender.parcels) == 16
    assert states[State.QUEUED] == 24


async def test_stopping_does_not_wait_forever(database, sender):
    sender.behave = never
    worker = a_worker(database, sender)
    message = a_message()
    await enqueue(database, message)
    task = asyncio.create_task(worker.run())
    await until(lambda: sender.parcels)
    await worker.stop(grace=0.2)
    await task
    row = await found(database, message)
    assert (row.state, row.lease_owner, row.due_at) == (State.QUEUED, None, NOW)
    assert row.last_error == "the worker was stopped"


@pytest.fixture
def impatient(monkeypatch):
    """Wait less long for a database that cannot be written."""
    monkeypatch.setattr(flow, "_TROUBLE_SECONDS", 0.05)
    monkeypatch.setattr(flow, "_LAST_WRITE_SECONDS", 0.3)


async def test_stopping_ends_even_if_nothing_can_be_written_any_more(database, sender, impatient):
    broken = BreakableDatabase(database)

    async def break_the_disk(_parcel):
        broken.down = True
        return Handed("250 ok")

    sender.behave = break_the_disk
    worker = a_worker(broken, sender)
    message = a_message()
    await enqueue(database, message)
    task = asyncio.create_task(worker.run())
    await until(lambda: broken.down)
    with capture_logs() as logs:
        async with asyncio.timeout(3):
            await worker.stop(grace=0.2)
            await task
    assert {"event": "delivery_results_lost", "log_level": "error", "messages": 1} in logs
    await a_worker(database, sender, predecessors="test/").take_over()
    await a_worker(database, sender).deliver_due()
    first, second = sender.parcels  # the promise: once more, and the same to the byte
    assert first == second
    assert (await found(database, message)).state is State.HANDED_OVER


async def test_stopping_ends_even_if_the_database_never_answers(database, sender, impatient):
    database_hangs = BreakableDatabase(database)
    database_hangs.transact = never  # type: ignore[method-assign]  # for this test alone
    worker = a_worker(database_hangs, sender)
    await enqueue(database, a_message())
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(0.1)
    async with asyncio.timeout(3):
        await worker.stop(grace=0.2)
        await task


async def test_a_worker_that_never_ran_can_be_stopped(worker, impatient):
    async with asyncio.timeout(3):
        await worker.stop(grace=0.1)


async def test_a_cancelled_worker_leaves_nothing_running(database, sender):
    sender.behave = never
    await enqueue(database, a_message())
    task = asyncio.create_task(a_worker(database, sender).run())
    await until(lambda: sender.parcels)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: sender.cancelled)


async def test_what_waits_is_found_while_new_messages_keep_the_worker_awake(database, sender):
    worker = a_worker(database, sender)
    task = asyncio.create_task(worker.run())
    await until(lambda: worker.promise() is not None)
    worker.release()
    await enqueue(database, a_message("waiting", recipient="bob@example.com"))
    new = 0
    deadline = time.monotonic() + 10
    while "bob@example.com" not in sender.recipients:
        assert time.monotonic() < deadline
        lease = worker.promise()
        assert lease
        message = replace(
            a_message(f"new{new}"), lease_owner=lease.owner, due_at=lease.until, attempts=1
        )
        await enqueue(database, message)
        worker.take(message, lease)
        await asyncio.sleep(0.05)  # far more often than the worker polls
        new += 1
    await worker.stop()
    await task


# --- slow places -------------------------------------------------------------------------------


async def test_r07_a_tarpit_does_not_hold_up_the_rest(database, sender):
    async def sticky(parcel):
        if parcel.recipient.endswith("@tarpit.example"):
            await asyncio.Event().wait()
        return Handed("250 ok")

    sender.behave = sticky
    tarred = [a_message(f"t{n}", recipient=f"t{n}@tarpit.example") for n in range(40)]
    normal = [a_message(f"n{n}", due_at=NOW + timedelta(milliseconds=1)) for n in range(100)]
    await enqueue(database, *tarred, *[replace(m, due_at=NOW) for m in normal])
    worker = a_worker(database, sender, lanes=Lanes(fast=8, slow=8, slow_after=0.1))
    began = time.monotonic()
    task = asyncio.create_task(worker.run())
    await until(lambda: sender.recipients.count("alice@example.com") == 100, 10)
    assert time.monotonic() - began < 5
    stuck = sum(recipient.endswith("@tarpit.example") for recipient in sender.recipients)
    assert stuck <= 16
    rows = [await found(database, message) for message in tarred]
    waiting = [row for row in rows if row.lease_owner is None]
    assert waiting
    assert {row.attempts for row in waiting} == {0}
    assert all(row.due_at > NOW for row in waiting)
    await worker.stop(grace=0)
    await task


async def test_a_busy_domain_is_not_mistaken_for_a_slow_one(database, sender):
    async def quick(_parcel):
        await asyncio.sleep(0.005)
        return Handed("250 ok")

    sender.behave = quick
    await enqueue(database, *(a_message(f"m{n}", content=a_sign_in()) for n in range(200)))
    began = time.monotonic()
    await a_worker(database, sender).deliver_due()
    assert len(sender.parcels) == 200
    assert time.monotonic() - began < 5


# --- with a real relay -------------------------------------------------------------------------


async def test_r05_a_relay_that_was_down_gets_what_still_lives_and_nothing_else(
    database, unused_tcp_port
):
    clock, sink = SystemClock(), Sink()
    now = clock.now()
    alive = [
        a_message(f"a{n}", recipient=f"a{n}@example.com", due_at=now, give_up_at=now + 60 * SECOND)
        for n in range(30)
    ]
    dying = [
        a_message(f"d{n}", due_at=now, give_up_at=now + timedelta(milliseconds=500))
        for n in range(5)
    ]
    pool = SmtpPool(parse_smtp_url(f"smtp://127.0.0.1:{unused_tcp_port}"), hello="here")
    smtp = SmtpSender(pool)
    await enqueue(database, *alive, *dying)
    async with running(a_worker(database, smtp, clock=clock)):
        await asyncio.sleep(1)
        async with relay(sink, port=unused_tcp_port):
            await until(lambda: len(sink.mails) >= 30, 60)
            await asyncio.sleep(0.2)
            await smtp.close()
    assert sorted(sink.recipients) == sorted(message.recipient for message in alive)
    assert {(await found(database, message)).state for message in alive} == {State.HANDED_OVER}
    assert {(await found(database, message)).state for message in dying} == {State.EXPIRED}
