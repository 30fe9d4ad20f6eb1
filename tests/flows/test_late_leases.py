"""A message that became durable too late for its lease is sent once, by whoever finds it."""

import asyncio

import pytest
from msgspec.structs import replace

from latchstring.domain.delivery.message import State
from latchstring.flows import flight
from tests.support.clock import FixedClock
from tests.support.delivery import NOW, FakeSender, a_message
from tests.support.workers import a_worker, at_rest, enqueue, found, running, until

LEASE = flight.LEASE.total_seconds()


@pytest.fixture
def sender():
    return FakeSender()


def under(lease):
    message = a_message()
    return replace(message, due_at=lease.until, attempts=1, lease_owner=lease.owner)


async def test_a_commit_that_took_longer_than_the_lease_sends_no_second_message(database, sender):
    clock = FixedClock(NOW)
    worker, other = (a_worker(database, sender, clock=clock) for _ in range(2))
    async with running(worker):
        await at_rest(worker)
        lease = worker.promise()
        assert lease is not None
        message = under(lease)
        clock.advance(LEASE)
        await enqueue(database, message)
        await other.deliver_due()
        worker.take(message, replace(lease, began=lease.began - LEASE))
        await asyncio.sleep(0.1)

    assert len(sender.parcels) == 1
    assert (await found(database, message)).state is State.HANDED_OVER


async def test_a_worker_that_has_ended_leaves_what_it_is_given_to_the_next(database, sender):
    clock = FixedClock(NOW)
    worker, other = (a_worker(database, sender, clock=clock) for _ in range(2))
    task = asyncio.create_task(worker.run())
    await at_rest(worker)
    lease = worker.promise()
    assert lease is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    message = under(lease)
    await enqueue(database, message)
    worker.take(message, lease)
    await asyncio.sleep(0.1)
    assert sender.parcels == []

    clock.advance(LEASE)
    async with running(other):
        await until(lambda: sender.parcels)
    assert len(sender.parcels) == 1
    assert (await found(database, message)).state is State.HANDED_OVER
