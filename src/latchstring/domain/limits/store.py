"""Limits in the database."""

from collections.abc import Sequence
from datetime import datetime

from latchstring.db import statements
from latchstring.db.database import Transaction
from latchstring.domain.limits.limit import Exhausted, Lease, Limit, Window

SQL = statements.load(__package__)


async def spend(tx: Transaction, limit: Limit, key: str, now: datetime) -> Exhausted | None:
    """Use a limit once, or say until when it allows no more."""
    values = {
        "key_digest": limit.digest_of(key),
        "name": limit.name,
        "allowed": limit.allowed,
        "refused": False,
        "now": now,
        "new_end": now + limit.window,
    }
    if await tx.one(SQL["spend"], Window, values) is not None:
        return None
    window = await find_window(tx, limit, key)
    return Exhausted(limit, key, window.window_ends_at if window else now + limit.window)


async def spend_all(
    tx: Transaction, limits: Sequence[tuple[Limit, str]], now: datetime
) -> Exhausted | None:
    """Use each of them until one allows no more; the caller then rolls back what was used."""
    for limit, key in limits:
        exhausted = await spend(tx, limit, key, now)
        if exhausted is not None:
            return exhausted
    return None


async def lease(
    tx: Transaction, limit: Limit, key: str, *, uses: int, now: datetime
) -> Lease | None:
    """Take several uses of a limit at once; nothing where so many are not left."""
    values = {
        "key_digest": limit.digest_of(key),
        "name": limit.name,
        "allowed": limit.allowed,
        "uses": uses,
        "refused": False,
        "now": now,
        "new_end": now + limit.window,
    }
    ends_at = await tx.one(SQL["lease"], datetime, values)
    return None if ends_at is None else Lease(uses, ends_at)


async def end_lease(tx: Transaction, limit: Limit, key: str, unused: Lease) -> None:
    """Return what was not used of a lease, if its window still lasts."""
    values = {
        "key_digest": limit.digest_of(key),
        "name": limit.name,
        "uses": unused.uses,
        "window_ends_at": unused.window_ends_at,
    }
    await tx.run(SQL["end_lease"], values)


async def note_refusal(tx: Transaction, exhausted: Exhausted) -> bool:
    """Remember that somebody was refused; answer whether it was the first time in this window."""
    limit = exhausted.limit
    values = {"key_digest": limit.digest_of(exhausted.key), "name": limit.name, "refused": True}
    return await tx.run(SQL["note_refusal"], values) == 1


async def find_window(tx: Transaction, limit: Limit, key: str) -> Window | None:
    """Return what a key has used."""
    values = {"key_digest": limit.digest_of(key), "name": limit.name}
    return await tx.one(SQL["find_window"], Window, values)


async def give_back(tx: Transaction, name: str, key_digest: str, now: datetime) -> None:
    """Return one use of the current window."""
    await tx.run(SQL["give_back"], {"key_digest": key_digest, "name": name, "now": now})


async def purge(tx: Transaction, *, now: datetime, count: int) -> int:
    """Drop a small batch of windows that are over; answer how many went."""
    return await tx.run(SQL["purge_windows"], {"now": now, "count": count})
