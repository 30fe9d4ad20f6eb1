"""Workers over an outbox, and waiting for what they do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from latchstring.db.database import HasLoad, Load, Transaction
from latchstring.domain.delivery import store
from latchstring.domain.delivery.message import Message
from latchstring.domain.delivery.parcel import Parcel
from latchstring.domain.delivery.senders import Handed, Senders
from latchstring.flows.deliver_messages import DeliverMessages, new_owner
from tests.support.clock import FixedClock
from tests.support.delivery import NOW, a_renderer


def a_worker(database: Any, sender: Any, **changes: Any) -> DeliverMessages:
    """Return a worker that hands everything to one sender, at a time that stands still."""
    values = {
        "database": database,
        "clock": FixedClock(NOW),
        "renderer": a_renderer(),
        "senders": Senders(email=sender, sms=sender),
        "owner": new_owner("test"),
        "draw": lambda: 0.5,
    }
    return DeliverMessages(**(values | changes))


async def enqueue(database: Any, *messages: Message) -> None:
    """Put messages into the outbox, in one transaction."""

    async def work(tx: Transaction) -> None:
        for message in messages:
            await store.enqueue(tx, message)

    await database.transact(work)


async def found(database: Any, message: Message) -> Message:
    """Return a message as the outbox has it now."""
    row = await database.read(lambda tx: store.find_message(tx, message.id))
    assert row is not None
    return row


@asynccontextmanager
async def running(*workers: DeliverMessages) -> AsyncIterator[None]:
    """Run workers for the time of the block, then stop them in order."""
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    await asyncio.sleep(0)  # they begin
    try:
        yield
    finally:
        await asyncio.gather(*(worker.stop(grace=5) for worker in workers))
        await asyncio.gather(*tasks)


async def at_rest(worker: DeliverMessages) -> None:
    """Wait until a worker that was started has looked at the outbox, and has nothing to do."""
    database = worker.database
    assert isinstance(database, HasLoad)
    await asyncio.sleep(0)  # it begins
    await until(lambda: not worker._searching and database.load == Load(0, 0))


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for what another worker or thread does."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - there is no event of theirs
            await asyncio.sleep(0.01)


async def never(_parcel: Parcel) -> Handed:
    """Behave like a relay that says nothing."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")
