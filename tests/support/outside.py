"""Somebody else's sessions on a PostgreSQL server: what they see, hold and end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg


@asynccontextmanager
async def another_session(url: str) -> AsyncIterator[Any]:
    """Open a session that is none of the program's."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def seen_from_outside(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return what somebody else sees at this moment."""
    async with another_session(url) as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def sessions_of(url: str) -> set[int]:
    """Return the process ids of the program's sessions in this database."""
    rows = await seen_from_outside(
        url,
        "select pid from pg_stat_activity"
        " where datname = current_database() and application_name = 'latchstring'",
    )
    return {pid for (pid,) in rows}


async def end_sessions(url: str) -> int:
    """Throw the program's sessions out; return how many there were."""
    rows = await seen_from_outside(
        url,
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where datname = current_database() and application_name = 'latchstring'",
    )
    return len(rows)
