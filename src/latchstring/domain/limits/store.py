"""Limits in the database."""

from collections.abc import Sequence
from datetime import datetime

from latchstring.db import statements
from latchstring.db.database import Transaction
from latchstring.domain.limits.limit import Exhausted, Limit, Window

SQL = statements.load(__package__)


async def spend(tx: Transaction, limit: Limit, key: str, now: datetime) -> Exhausted | None:
    """Use a limit once, or say until when it allows no more."""
    values = {
        "key_digest": limit.digest_of(key),
        "name": limit.name,
        "allowed": limit.allowed,
        "now": now,
        "new_end": now + limit.window,
    }
    if await tx.one(SQL["spend"], Window, values) is not None:
        return None
    window = await find_window(tx, limit, key)
    return Exhausted(limit, window.window_ends_at if window else now + limit.window)


async def spend_all(
    tx: Transaction, limits: Sequence[tuple[Limit, str]], now: datetime
) -> Exhausted | None:
    """Use all of them, or none: what was spent before the exhausted one is given back."""
    for position, (limit, key) in enumerate(limits):
        exhausted = await spend(tx, limit, key, now)
        if exhausted is not None:
            await give_back_all(tx, limits[:position], now)
            return exhausted
    return None


async def give_back_all(
    tx: Transaction, limits: Sequence[tuple[Limit, str]], now: datetime
) -> None:
    """Return one use of each."""
    for limit, key in limits:
        await give_back(tx, limit.name, limit.digest_of(key), now)


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
