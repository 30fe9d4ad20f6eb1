"""A limit that everybody shares, without a row that everybody waits for.

What a whole installation may do is counted in one row. Spent there one by one, each start would
wait for the commit of the one before, on every node. So a process leases some uses at a time and
spends them from memory, and gives back what is left when it stops. The sum of what is leased never
passes the limit; what a process holds when it is killed is lost until the window ends, which errs
on the safe side.
"""

import asyncio
from datetime import datetime, timedelta

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import Unavailable
from latchstring.base.logging import get_logger
from latchstring.db.database import Database, Transaction
from latchstring.domain.limits import store as limits
from latchstring.domain.limits.limit import Exhausted, Lease, Limit

_SLICES = 50
"""A lease is a fiftieth of the limit: that much at most lies idle in another process."""

_LARGEST = 100
_REFUSAL = timedelta(seconds=1)


class Use(msgspec.Struct, frozen=True):
    """One use, of the window that ends then."""

    window_ends_at: datetime


class LeasedLimit(msgspec.Struct, eq=False):
    """One limit's uses in this process."""

    database: Database
    clock: Clock
    limit: Limit
    key: str
    _window_ends_at: datetime | None = None
    _left: int = 0
    _asking: asyncio.Task[Exhausted | None] | None = None
    _refused: tuple[Exhausted, datetime] | None = None
    """The last refusal, and until when it is not asked again."""

    async def spend(self) -> Use | Exhausted:
        """Use it once, or say until when it allows no more."""
        while (use := self._take()) is None:
            if self._refused is not None and self.clock.now() < self._refused[1]:
                return self._refused[0]
            # One asks for all: each for itself, those who come at once would lease a slice each.
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask())
                self._asking.add_done_callback(_heard)
            exhausted = await asyncio.shield(self._asking)
            if exhausted is not None:
                return self._take() or exhausted
        return use

    def give_back(self, use: Use) -> None:
        """Nothing came of the use; the next start has it, unless its window has ended."""
        if use.window_ends_at == self._window_ends_at:
            self._left += 1

    async def end(self) -> None:
        """Leave to the other processes what was not used here."""
        if self._window_ends_at is None or not self._left:
            return
        unused = Lease(self._left, self._window_ends_at)
        self._left = 0
        try:
            await self.database.transact(
                lambda tx: limits.end_lease(tx, self.limit, self.key, unused)
            )
        except Unavailable:
            get_logger().warning("lease_not_ended", limit=self.limit.name, uses=unused.uses)

    def _take(self) -> Use | None:
        ends_at = self._window_ends_at
        if ends_at is None or ends_at <= self.clock.now() or self._left < 1:
            return None
        self._left -= 1
        return Use(ends_at)

    async def _ask(self) -> Exhausted | None:
        """Lease a slice, or say until when there is none."""
        try:
            now = self.clock.now()
            outcome = await self.database.transact(lambda tx: self._lease(tx, now))
        finally:
            self._asking = None
        if isinstance(outcome, Exhausted):
            # For a moment all are refused from memory: each would hold the one row of everybody.
            self._refused = outcome, min(outcome.until, now + _REFUSAL)
            return outcome
        if self._window_ends_at != outcome.window_ends_at:
            self._window_ends_at, self._left = outcome.window_ends_at, 0
        self._left += outcome.uses
        return None

    async def _lease(self, tx: Transaction, now: datetime) -> Lease | Exhausted:
        size = max(1, min(_LARGEST, self.limit.allowed // _SLICES))
        while size:
            lease = await limits.lease(tx, self.limit, self.key, uses=size, now=now)
            if lease is not None:
                return lease
            size //= 2  # near its end there is less than a slice
        window = await limits.find_window(tx, self.limit, self.key)
        ends_at = window.window_ends_at if window else now + self.limit.window
        return Exhausted(self.limit, self.key, ends_at)


def _heard(task: asyncio.Task[Exhausted | None]) -> None:
    """Who asked may have gone away; its error is nobody's then."""
    if not task.cancelled():
        task.exception()
