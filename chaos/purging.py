"""``python -m chaos.purging CONFIG [DAYS]``: one round of the program's purge, now.

Not when its time has come; with ``DAYS``, as it will be in so many days. Prints as JSON how many
rows went, and how long the transactions took: from the moment in which each begins its work,
which on SQLite is when it has the lock, until it is durable. No row is held for longer.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chaos.figures import percentile
from latchstring.base.clock import Clock
from latchstring.base.settings_loading import load
from latchstring.db.database import AtOnce, Database, Result, Transaction, Work
from latchstring.flows.purge_expired import PurgeExpired
from latchstring.main.installation import opened


@dataclass(frozen=True, slots=True)
class Later:
    """A clock that is so many days ahead of another."""

    clock: Clock
    days: int

    def now(self) -> datetime:
        """Return the time that will be."""
        return self.clock.now() + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Timed:
    """A database that notes how long each of its transactions may hold what it locks."""

    database: Database
    seconds: list[float] = field(default_factory=list)

    @property
    def at_once(self) -> AtOnce | None:
        """As below."""
        return self.database.at_once

    async def transact(self, work: Work[Result]) -> Result:
        """Run the work and note how long it took from its beginning until it was durable."""
        began = 0.0

        async def timed(tx: Transaction) -> Result:
            nonlocal began
            began = time.monotonic()  # of the last try, where there are several
            return await work(tx)

        result = await self.database.transact(timed)
        self.seconds.append(time.monotonic() - began)
        return result

    async def read(self, work: Work[Result]) -> Result:
        """As below."""
        return await self.database.read(work)

    async def close(self) -> None:
        """As below."""
        await self.database.close()


async def main(configuration: str, days: int) -> None:
    """Purge, and print what came of it."""
    async with opened(load(configuration, {}).settings) as installation:
        database = Timed(installation.database)
        gone = await PurgeExpired(database, Later(installation.clock, days))()
    outcome = {
        "rows": gone,
        "transactions": len(database.seconds),
        "p99": percentile(database.seconds, 0.99),
        "longest": max(database.seconds, default=0.0),
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
