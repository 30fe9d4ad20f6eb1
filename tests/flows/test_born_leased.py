"""Messages that are written under their worker's lease: sent by it at once, lost by nobody."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from latchstring.base.errors import Unavailable
from latchstring.domain.delivery import store
from latchstring.domain.delivery.lanes import Lanes
from latchstring.domain.delivery.message import Message, State
from latchstring.domain.delivery.senders import Handed, SendError
from latchstring.domain.delivery.store import Lease
from latchstring.flows import deliver_messages as flow
from latchstring.flows import flight
from latchstring.flows.start_passwordless import StartPasswordless
from tests.support.delivery import NOW, FakeSender, a_message
from tests.support.places import ALL
from tests.support.workers import a_worker, at_rest, enqueue, found, never, running, until
from tests.support.world import a_world

SECOND = timedelta(seconds=1)


@pytest.fixture
def sender():
    return FakeSender()


@pytest.fixture
def blind(monkeypatch):
    """Let workers look at the outbox only where somebody tells them to."""
    monkeypatch.setattr(flow, "_POLL_SECONDS", 30)


def promised(worker) -> Lease:
    lease = worker.promise()
    assert lease is not None
    return lease


def leased(message: Message, lease: Lease) -> Message:
    """Write a message as a start does for the holder of the lease."""
    return replace(message, lease_owner=lease.owner, due_at=lease.until, attempts=1)


async def given(database, worker, name="one", **changes):
    """Enqueue a message under the worker's lease, and say so to it."""
    lease = promised(worker)
    message = leased(a_message(name, **changes), lease)
    await enqueue(database, message)
    worker.take(message, lease)
    return message


async def test_it_is_sent_without_anybody_claiming_it(database, sender, blind):
    worker = a_worker(database, sender)
    async with running(worker):
        await at_rest(worker)
        message = await given(database, worker)
        await until(lambda: sender.parcels, 1)
    row = await found(database, message)
    assert (row.state, row.attempts, row.lease_owner) == (State.HANDED_OVER, 1, None)
    assert len(sender.parcels) == 1


async def test_nobody_else_sends_it_while_its_lease_lasts(database, sender):
    worker, other = a_worker(database, sender), a_worker(database, sender)
    async with running(worker):
        lease = promised(worker)
        message = leased(a_message(), lease)
        await enqueue(database, message)
        await other.deliver_due()
        assert sender.parcels == []
        worker.take(message, lease)
    assert len(sender.parcels) == 1


async def test_a_dead_owner_s_is_sent_by_another_when_its_lease_ran_out_the_same_to_the_byte(
    database, sender, clock
):
    clock.at = NOW
    other = a_worker(database, sender, clock=clock)
    dead = Lease("serve/dead", NOW + 5 * SECOND)
    message = leased(a_message(), dead)
    await enqueue(database, message)

    await other.deliver_due()
    assert sender.parcels == []
    clock.advance(5)
    await other.deliver_due()

    (parcel,) = sender.parcels
    assert parcel == other.renderer.render(message)
    row = await found(database, message)
    assert (row.state, row.attempts) == (State.HANDED_OVER, 2)


async def test_a_lease_is_renewed_while_it_is_being_sent(database, monkeypatch):
    monkeypatch.setattr(flight, "LEASE", timedelta(milliseconds=900))
    monkeypatch.setattr(flight, "_RENEW_SECONDS", 0.2)
    monkeypatch.setattr(flow, "_POLL_SECONDS", 0.05)
    go_on = asyncio.Event()

    async def slow(_parcel):
        await go_on.wait()
        return Handed("250 at last")

    sender = FakeSender(slow)
    worker, other = a_worker(database, sender), a_worker(database, sender)
    async with running(worker, other):
        message = await given(database, worker)
        await asyncio.sleep(1.5)
        assert (await found(database, message)).lease_owner == worker.owner
        go_on.set()
    assert ((await found(database, message)).state, len(sender.parcels)) == (State.HANDED_OVER, 1)


class Silent:
    """A database that says nothing."""

    async def transact(self, _work: object) -> None:
        await asyncio.Event().wait()

    read = transact


async def test_whose_lease_ran_out_while_the_database_says_nothing_sends_no_more(
    database, sender, monkeypatch
):
    monkeypatch.setattr(flight, "LEASE", timedelta(milliseconds=900))
    monkeypatch.setattr(flight, "_RENEW_SECONDS", 0.2)
    sender.behave = never
    worker = a_worker(database, sender)
    task = asyncio.create_task(worker.run())
    await at_rest(worker)
    await given(database, worker)
    await until(lambda: sender.parcels)
    monkeypatch.setattr(worker, "database", Silent())

    await until(lambda: sender.cancelled, 3)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nothing_is_promised_before_what_predecessors_held_is_taken_over(
    database, sender, monkeypatch
):
    worker = a_worker(database, sender, predecessors="test/")
    monkeypatch.setattr(worker, "database", Silent())
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(0.1)
    assert worker.promise() is None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    monkeypatch.setattr(worker, "database", database)
    async with running(worker):
        await until(worker.promise, 1)
        worker.release()


async def test_a_decoy_is_settled_and_not_sent(database, sender, blind):
    worker = a_worker(database, sender)
    async with running(worker):
        message = await given(database, worker, decoy=True)
    assert ((await found(database, message)).state, sender.parcels) == (State.SUPPRESSED, [])


async def test_what_is_worthless_by_then_is_settled_and_not_sent(database, sender, clock, blind):
    clock.at = NOW
    worker = a_worker(database, sender, clock=clock)
    async with running(worker):
        clock.advance(600)
        message = await given(database, worker)
    assert ((await found(database, message)).state, sender.parcels) == (State.EXPIRED, [])


async def test_a_failed_hand_over_is_tried_again_like_any_other(database, sender, clock):
    clock.at = NOW

    async def busy(_parcel):
        raise SendError("451 later", permanent=False)

    sender.behave = busy
    worker = a_worker(database, sender, clock=clock)
    async with running(worker):
        message = await given(database, worker)
        await until(lambda: sender.parcels)
        sender.behave = None
    row = await found(database, message)
    assert (row.state, row.attempts, row.lease_owner) == (State.QUEUED, 1, None)
    assert row.due_at > NOW
    clock.at = row.due_at
    await a_worker(database, sender, clock=clock).deliver_due()
    assert ((await found(database, message)).state, len(sender.parcels)) == (State.HANDED_OVER, 2)


# --- who gets no lease -------------------------------------------------------------------------


async def test_there_is_none_from_a_worker_that_does_not_run_yet_or_no_more(database, sender):
    worker = a_worker(database, sender)
    assert worker.promise() is None
    async with running(worker):
        await asyncio.sleep(0)
        assert worker.promise() is not None
        worker.release()
    assert worker.promise() is None


async def test_there_are_as_many_as_there_are_places_and_one_that_came_to_nothing_is_free(
    database, sender, blind
):
    worker = a_worker(database, sender, lanes=Lanes(fast=3))
    async with running(worker):
        await at_rest(worker)
        leases = [worker.promise() for _ in range(4)]
        assert [lease is None for lease in leases] == [False, False, False, True]
        worker.release()
        assert worker.promise() is not None
        for _ in range(3):
            worker.release()


async def test_places_that_are_taken_are_given_to_nobody_else(database, sender, blind):
    sender.behave = never
    worker = a_worker(database, sender, lanes=Lanes(fast=2))
    task = asyncio.create_task(worker.run())
    await at_rest(worker)
    await given(database, worker, "one")
    await given(database, worker, "two")
    assert worker.promise() is None
    await worker.stop(grace=0)
    await task


async def test_what_is_promised_is_not_filled_from_the_outbox(database, sender):
    sender.behave = never
    worker = a_worker(database, sender, lanes=Lanes(fast=2))
    task = asyncio.create_task(worker.run())
    await at_rest(worker)
    lease = promised(worker)
    await enqueue(database, *(a_message(f"m{number}") for number in range(5)))
    worker.wake()
    await until(lambda: sender.parcels)
    await asyncio.sleep(0.1)
    assert len(sender.parcels) == 1
    message = leased(a_message("promised"), lease)
    await enqueue(database, message)
    worker.take(message, lease)
    await until(lambda: len(sender.parcels) == 2)
    await worker.stop(grace=0)
    await task


async def test_while_older_messages_wait_half_of_the_places_are_theirs(database, sender):
    sender.behave = never
    worker = a_worker(database, sender, lanes=Lanes(fast=4))
    task = asyncio.create_task(worker.run())
    await at_rest(worker)
    worker.wake()
    leases = [worker.promise() for _ in range(3)]
    assert [lease is None for lease in leases] == [False, False, True]
    for _ in range(2):
        worker.release()
    await worker.stop(grace=0)
    await task


async def test_one_for_a_full_lane_is_put_back_and_that_was_no_attempt(database, sender):
    sender.behave = never
    worker = a_worker(database, sender, lanes=Lanes(fast=8, slow=2, slow_after=0.05))
    task = asyncio.create_task(worker.run())
    await at_rest(worker)
    for name in ("one", "two"):
        await given(database, worker, name)
    await asyncio.sleep(0.1)
    worker.wake()
    await until(lambda: worker.lanes.room == 8)

    message = await given(database, worker, "three")
    await until(lambda: worker._verdicts == [])
    await at_rest(worker)

    row = await found(database, message)
    assert (row.state, row.attempts, row.lease_owner) == (State.QUEUED, 0, None)
    assert row.due_at > NOW
    await worker.stop(grace=0)
    await task


# --- the end -----------------------------------------------------------------------------------


async def test_stopping_finishes_what_was_taken(database, sender, blind):
    async def slow(_parcel):
        await asyncio.sleep(0.3)
        return Handed("250 ok")

    sender.behave = slow
    worker = a_worker(database, sender)
    async with running(worker):
        await at_rest(worker)
        message = await given(database, worker)
    assert (await found(database, message)).state is State.HANDED_OVER


async def test_one_that_is_taken_while_the_worker_stops_is_sent_too(database, sender, blind):
    worker = a_worker(database, sender)
    task = asyncio.create_task(worker.run())
    await at_rest(worker)
    lease = promised(worker)
    message = leased(a_message(), lease)
    stopping = asyncio.create_task(worker.stop(grace=5))
    await asyncio.sleep(0)
    await enqueue(database, message)
    worker.take(message, lease)
    await stopping
    await task
    assert (await found(database, message)).state is State.HANDED_OVER


async def test_what_does_not_end_in_time_may_be_taken_by_the_next_at_once(database, sender):
    sender.behave = never
    worker = a_worker(database, sender)
    task = asyncio.create_task(worker.run())
    await at_rest(worker)
    message = await given(database, worker)
    await until(lambda: sender.parcels)
    await worker.stop(grace=0.1)
    await task
    row = await found(database, message)
    assert (row.state, row.lease_owner, row.due_at) == (State.QUEUED, None, NOW)


# --- with the start that writes them -----------------------------------------------------------

API = {"send": "code", "address": "192.0.2.1", "browser": None, "starts": 0}


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world, running(world.worker):
        await at_rest(world.worker)
        yield world


@pytest.mark.at(*ALL)
async def test_a_start_hands_its_message_to_the_worker_beside_it(world, blind):
    (outcome, challenge_id) = await world.start("alice@example.com", "acme-web", **API)
    assert outcome == ("started", 6)
    await until(world.inbox.list, 2)
    read = world.installation.database.read
    await until(lambda: world.worker._flights == {} and world.worker._verdicts == [], 2)
    message = await read(lambda tx: store.find_for_challenge(tx, challenge_id))
    assert message is not None
    assert (message.state, message.attempts) == (State.HANDED_OVER, 1)
    assert world.worker._promised == 0


@pytest.mark.at(*ALL)
async def test_a_start_that_is_refused_takes_no_place(world):
    for _ in range(12):
        await world.start("alice@example.com", "acme-web", **API)
    assert world.worker._promised == 0
    await until(lambda: len(world.inbox.list()) == 10, 5)


@pytest.mark.at(*ALL)
async def test_a_start_that_the_database_failed_takes_no_place(world, monkeypatch):
    async def fail(*_):
        raise Unavailable

    monkeypatch.setattr(StartPasswordless, "_outcome", fail)
    with pytest.raises(Unavailable):
        await world.start("alice@example.com", "acme-web", **API)
    assert world.worker._promised == 0


@pytest.mark.at(*ALL)
async def test_whoever_went_away_has_the_message_when_its_lease_has_run_out(world, monkeypatch):
    written, outcome_of = asyncio.Event(), StartPasswordless._outcome

    async def write_and_hang(*arguments):
        await outcome_of(*arguments)
        written.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(StartPasswordless, "_outcome", write_and_hang)
    starting = asyncio.create_task(world.start("alice@example.com", "acme-web", **API))
    await written.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    assert world.worker._promised == 0
    world.worker.wake()
    await asyncio.sleep(0.2)
    assert not world.inbox.list()
    world.clock.advance(5)
    world.worker.wake()
    await until(world.inbox.list, 2)
