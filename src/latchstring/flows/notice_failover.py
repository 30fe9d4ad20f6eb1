"""Notice that another server took over the database, and end what it may wrongly hold for live.

PostgreSQL counts its histories: a standby that is promoted begins a new *timeline*, and so does a
server that was restored to a point in time. Unless the standby had every commit, it knows nothing
of the last codes that were used and the last tokens that were revoked.
"""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.logging import get_logger
from latchstring.db import statements
from latchstring.db.database import Transaction
from latchstring.flows.end_what_was_live import EndWhatWasLive, Reason

SQL = statements.load(__package__, "notice_failover.sql")


class NoticeFailover(msgspec.Struct, frozen=True):
    """Compares the database's timeline with the one it was last seen on.

    A database calls it with each new connection, in a transaction on that very connection, and
    hands the connection to nobody before that transaction has committed.
    """

    clock: Clock
    nothing_lost: bool = False
    """The operator vouches for it: every commit is on the standby before it is acknowledged."""

    async def __call__(self, tx: Transaction, timeline: str) -> bool:
        """Note a new timeline; of all who notice it, one ends what was live, and is told so.

        The others wait for its commit at the guarded row.
        """
        before = await tx.one(SQL["read_timeline"], str, {})
        if before is None or before == timeline:
            return False
        values = {"timeline": timeline, "before": before, "now": self.clock.now()}
        if await tx.run(SQL["note_timeline"], values) == 0:
            return False
        if before == "":  # the first look ever
            return False
        ends = not self.nothing_lost
        get_logger().warning("database_failed_over", before=before, now=timeline, ended=ends)
        if ends:
            await EndWhatWasLive(self.clock)(tx, Reason.FAILED_OVER)
        return ends
