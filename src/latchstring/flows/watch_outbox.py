"""Look at the outbox every few seconds, and tell the operator when messages wait too long."""

import asyncio
import time

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import Unavailable
from latchstring.base.logging import get_logger
from latchstring.db.database import Database
from latchstring.domain.delivery import store as delivery

_LOOK_SECONDS = 5.0
_MOST_COUNTED = 10_000
_LATE_SECONDS = 20.0
"""Whoever waits for a code has looked at the clock by now; the operator reads of it within 30."""

_REMIND_SECONDS = 60.0


class WatchOutbox(msgspec.Struct, eq=False):
    """Knows what was in the outbox a moment ago."""

    database: Database
    clock: Clock
    queued: int = 0
    """Messages that wait, those that are being sent among them; counted up to 10,000."""

    oldest_seconds: float = 0.0
    """How long the one that waits longest has waited."""

    _told_at: float | None = None

    async def __call__(self) -> None:
        """Look, and log where messages wait too long, once a minute until they do not."""
        found = await self.database.read(lambda tx: delivery.backlog(tx, _MOST_COUNTED))
        self.queued = found.queued
        waited = self.clock.now() - found.oldest if found.oldest else None
        self.oldest_seconds = max(0.0, waited.total_seconds()) if waited else 0.0
        if self.oldest_seconds < _LATE_SECONDS:
            if self._told_at is not None:
                get_logger().warning("outbox_moves_again", queued=self.queued)
            self._told_at = None
        elif self._told_at is None or time.monotonic() - self._told_at >= _REMIND_SECONDS:
            self._told_at = time.monotonic()
            get_logger().error(
                "outbox_waits", oldest_seconds=round(self.oldest_seconds), queued=self.queued
            )

    async def run(self) -> None:
        """Look every five seconds until cancelled; what cannot be seen now is for the next look."""
        while True:
            try:
                await self()
            except Unavailable:
                pass
            except Exception:  # noqa: BLE001 - a loop that ends would see nothing any more
                get_logger().exception("outbox_not_seen")
            await asyncio.sleep(_LOOK_SECONDS)
