"""The operator hears of messages that wait too long, soon and not too often."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

from latchstring.base.errors import Unavailable
from latchstring.domain.delivery import store
from latchstring.domain.delivery.message import State
from latchstring.domain.delivery.verdict import Settlement
from latchstring.flows import watch_outbox
from latchstring.flows.watch_outbox import WatchOutbox
from tests.support.delivery import NOW, a_message


@pytest.fixture
def watch(database, clock) -> WatchOutbox:
    clock.at = NOW
    return WatchOutbox(database, clock)


async def enqueue(database, *names: str) -> None:
    for name in names:
        message = a_message(name)
        await database.transact(lambda tx, message=message: store.enqueue(tx, message))


async def test_an_empty_outbox_is_silent(watch):
    with capture_logs() as log:
        await watch()

    assert (watch.queued, watch.oldest_seconds, log) == (0, 0.0, [])


async def test_a_message_may_wait_for_a_while(watch, database, clock):
    await enqueue(database, "one", "two")
    clock.advance(19)
    with capture_logs() as log:
        await watch()

    assert (watch.queued, watch.oldest_seconds, log) == (2, 19.0, [])


async def test_one_that_waits_too_long_is_told_once_and_so_is_the_end_of_it(watch, database, clock):
    await enqueue(database, "one")
    clock.advance(21)
    with capture_logs() as log:
        await watch()
        await watch()
        lease = store.Lease("me", clock.now())
        (message,) = await database.transact(lambda tx: store.claim(tx, lease, now=NOW, most=1))
        sent = Settlement(state=State.HANDED_OVER)
        await database.transact(
            lambda tx: store.settle(tx, {message.id: sent}, owner="me", now=clock.now())
        )
        await watch()
        await watch()

    assert [(line["event"], line["queued"]) for line in log] == [
        ("outbox_waits", 1),
        ("outbox_moves_again", 0),
    ]
    assert log[0]["oldest_seconds"] == 21


async def test_while_it_lasts_it_is_told_again(watch, database, clock, monkeypatch):
    monkeypatch.setattr(watch_outbox, "_REMIND_SECONDS", 0)
    await enqueue(database, "one")
    clock.advance(60)
    with capture_logs() as log:
        await watch()
        await watch()

    assert [line["event"] for line in log] == ["outbox_waits"] * 2


@dataclass
class Broken:
    """A database in trouble."""

    trouble: Exception
    asked: int = 0

    async def read(self, _work):
        """Fail."""
        self.asked += 1
        raise self.trouble


@pytest.mark.parametrize("trouble", [Unavailable(), LookupError("a bug")])
async def test_trouble_does_not_end_the_watch(clock, monkeypatch, trouble):
    monkeypatch.setattr(watch_outbox, "_LOOK_SECONDS", 0)
    database: Any = Broken(trouble)
    running = asyncio.create_task(WatchOutbox(database, clock).run())
    while database.asked < 3:  # noqa: ASYNC110 - the double has no event
        await asyncio.sleep(0)
    assert not running.done()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
