"""A limit that everybody shares, without a row that everybody waits for.

What a whole installation may do is counted in one row. Spent there one by one, each start would
wait for the commit of the one before, on every node. So a process leases some uses at a time and
spends them from memory. The sum of what is leased never passes the limit; what a process holds when
it dies is lost until the window ends, which errs on the safe side.
"""

from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.db.database import Database, Transaction
from latchstring.domain.limits import store as limits
from latchstring.domain.limits.limit import Exhausted, Lease, Limit

_SLICES = 50
"""A lease is a fiftieth of the limit: that much at most lies idle in another process."""

_LARGEST = 100


class Use(msgspec.Struct, frozen=True):
    """One use, of the window that ends then."""

    window_ends_at: datetime


class LeasedLimit(msgspec.Struct):
    """One limit's uses in this process."""

    database: Database
    clock: Clock
    limit: Limit
    key: str
    _window_ends_at: datetime | None = None
    _left: int = 0

    async def spend(self) -> Use | Exhausted:
        """Use it once, or say until when it allows no more."""
        now = self.clock.now()
        use = self._take(now)
        if use is not None:
            return use
        outcome = await self.database.transact(lambda tx: self._ask(tx, now))
        if isinstance(outcome, Exhausted):
            return self._take(now) or outcome
        if self._window_ends_at != outcome.window_ends_at:
            self._window_ends_at, self._left = outcome.window_ends_at, 0
        self._left += outcome.uses - 1  # another start of this process may have leased meanwhile
        return Use(outcome.window_ends_at)

    def give_back(self, use: Use) -> None:
        """Nothing came of the use; the next start has it, unless its window has ended."""
        if use.window_ends_at == self._window_ends_at:
            self._left += 1

    def _take(self, now: datetime) -> Use | None:
        if self._window_ends_at is None or self._window_ends_at <= now or self._left < 1:
            return None
        self._left -= 1
        return Use(self._window_ends_at)

    async def _ask(self, tx: Transaction, now: datetime) -> Lease | Exhausted:
        size = max(1, min(_LARGEST, self.limit.allowed // _SLICES))
        while size:
            lease = await limits.lease(tx, self.limit, self.key, uses=size, now=now)
            if lease is not None:
                return lease
            size //= 2  # near its end there is less than a slice
        window = await limits.find_window(tx, self.limit, self.key)
        ends_at = window.window_ends_at if window else now + self.limit.window
        return Exhausted(self.limit, self.key, ends_at)
