"""Drop what is over and no longer looked at, in small batches that never hold others up."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import Unavailable
from latchstring.base.logging import get_logger
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.challenges import store as challenges
from latchstring.domain.challenges.budget import MONTH
from latchstring.domain.clients import store as clients
from latchstring.domain.delivery import store as delivery
from latchstring.domain.devices import store as devices
from latchstring.domain.limits import store as limits
from latchstring.domain.notices import store as notices
from latchstring.domain.registrations import store as registrations
from latchstring.domain.sessions import store as sessions
from latchstring.domain.tickets import store as tickets
from latchstring.domain.tokens import store as tokens

KEPT = timedelta(days=1)
"""How long expired rows stay: old codes are told from wrong ones, and support can look."""

NOTICES_KEPT = timedelta(days=7)
"""How long one can look up what became of a notice; what was not delivered is an event besides."""

EVENTS_KEPT = timedelta(days=90)
BATCH = 200
_PAUSE_SECONDS = 30.0

Step = Callable[[Transaction], Awaitable[int]]


class PurgeExpired(msgspec.Struct, frozen=True):
    """One batch per table and transaction; again at once where a batch was full."""

    database: Database
    clock: Clock

    async def __call__(self) -> int:
        """Drop everything that is due and return how many rows went."""
        gone = 0
        for step in self._steps(self.clock.now()):
            while True:
                count = await self.database.transact(step)
                gone += count
                if count < BATCH:
                    break
                await asyncio.sleep(0.01)  # sign-ins go first
        return gone

    async def run(self) -> None:
        """Purge every half minute until cancelled; trouble is for the next round."""
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            try:
                await self()
            except Unavailable as trouble:
                get_logger().warning("purge_postponed", reason=trouble.detail)
            except Exception:  # noqa: BLE001 - a loop that ends would let the database grow for good
                get_logger().exception("purge_failed")

    def _steps(self, now: datetime) -> list[Step]:
        day_ago = now - KEPT
        return [
            lambda tx: challenges.purge(
                tx, before=day_ago, month_ago=now - MONTH - KEPT, count=BATCH
            ),
            lambda tx: limits.purge(tx, now=now, count=BATCH),
            lambda tx: delivery.purge_settled(tx, before=day_ago, most=BATCH),
            lambda tx: authorizations.purge_requests(tx, before=day_ago, count=BATCH),
            lambda tx: authorizations.purge_codes(tx, before=day_ago, count=BATCH),
            lambda tx: authorizations.purge_pushed_requests(tx, before=now, count=BATCH),
            lambda tx: devices.purge(tx, before=day_ago, count=BATCH),
            lambda tx: tickets.purge(tx, before=now, count=BATCH),
            lambda tx: tokens.purge_access_tokens(tx, before=day_ago, count=BATCH),
            lambda tx: tokens.purge_families(tx, before=day_ago, count=BATCH),
            lambda tx: clients.purge_assertions(tx, before=now, count=BATCH),
            lambda tx: registrations.purge_tokens(tx, before=day_ago, count=BATCH),
            lambda tx: sessions.purge(tx, before=day_ago, count=BATCH),
            lambda tx: sessions.purge_clients(tx, before=day_ago, count=BATCH),
            lambda tx: notices.purge(tx, before=now - NOTICES_KEPT, count=BATCH),
            lambda tx: audit.purge(tx, before=now - EVENTS_KEPT, count=BATCH),
        ]
