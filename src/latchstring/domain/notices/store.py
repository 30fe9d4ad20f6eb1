"""The notices in the database. Who may tell one is decided by these statements alone."""

from collections.abc import Sequence
from datetime import datetime

from latchstring.base.ids import NoticeId, UserId
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.notices.notice import Notice, Outcome

SQL = statements.load(__package__)


async def enqueue(tx: Transaction, notices: Sequence[Notice]) -> int:
    """Write notices in the transaction that ends their sessions; answer how many were new."""
    written = 0
    # In one order everywhere, so that two who write the same wait in line.
    for notice in sorted(notices, key=lambda notice: notice.id):
        written += await tx.run(SQL["enqueue"], records.values_of(notice))
    return written


async def claim(
    tx: Transaction, owner: str, *, until: datetime, now: datetime, most: int
) -> list[Notice]:
    """Take up to so many notices that are due, each counted as a try."""
    values = {"owner": owner, "leased_until": until, "now": now, "most": most}
    return await tx.all(SQL["claim"], Notice, values)


async def settle(tx: Transaction, notice_id: NoticeId, outcome: Outcome, *, owner: str) -> bool:
    """Write down what came of a try; answer whether it was ours to tell."""
    values = {"id": notice_id, "owner": owner, **records.values_of(outcome)}
    return await tx.run(SQL["settle"], values) == 1


async def next_due(tx: Transaction) -> datetime | None:
    """Return when somebody wants to be told next; nothing while nobody does."""
    return await tx.one(SQL["next_due"], datetime, {})


async def list_notices(tx: Transaction, user_id: UserId, *, most: int = 20) -> list[Notice]:
    """Return the newest notices about a user."""
    return await tx.all(SQL["list_notices"], Notice, {"user_id": user_id, "most": most})


async def purge(tx: Transaction, *, before: datetime, count: int) -> int:
    """Forget a small batch of notices that were settled before then; answer how many went."""
    return await tx.run(SQL["purge_notices"], {"before": before, "count": count})
