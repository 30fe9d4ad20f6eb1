"""Somebody else's sessions on a PostgreSQL server: what they see, hold and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

_THE_PROGRAMS = (
    "from pg_stat_activity where datname = current_database() and application_name = 'latchstring'"
)


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
    return {pid for (pid,) in await seen_from_outside(url, f"select pid {_THE_PROGRAMS}")}


async def end_sessions(url: str) -> int:
    """Throw the program's sessions out; return, when they are gone, how many there were."""
    ended = await seen_from_outside(url, f"select pid, pg_terminate_backend(pid) {_THE_PROGRAMS}")
    async with asyncio.timeout(5):
        while await sessions_of(url) & {pid for pid, _told in ended}:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.002)
    return len(ended)
