"""Purging never ends before the server does, whatever goes wrong in one round."""

import asyncio

import pytest
from structlog.testing import capture_logs

from latchstring.base.errors import Unavailable
from latchstring.flows import purge_expired
from latchstring.flows.purge_expired import PurgeExpired


class Broken:
    """A database that fails, and counts how often it was asked."""

    at_once = None

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, asyncio.Semaphore(0)

    async def transact(self, _work):
        """Fail."""
        self.asked.release()
        raise self.error

    async def read(self, _work):
        """Fail."""
        raise self.error

    async def close(self):
        """Do nothing."""


@pytest.mark.parametrize(
    ("error", "event"),
    [(LookupError("a bug"), "purge_failed"), (Unavailable(detail="full"), "purge_postponed")],
)
async def test_trouble_in_one_round_leaves_the_next_one(clock, monkeypatch, error, event):
    monkeypatch.setattr(purge_expired, "_PAUSE_SECONDS", 0.001)
    database = Broken(error)
    with capture_logs() as lines:
        task = asyncio.create_task(PurgeExpired(database, clock).run())
        async with asyncio.timeout(5):
            for _ in range(3):
                await database.asked.acquire()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert {line["event"] for line in lines} == {event}
    assert len(lines) >= 2
