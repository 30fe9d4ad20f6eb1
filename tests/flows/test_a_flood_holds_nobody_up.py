"""Starts beyond a limit hold no rows: whoever shares a batch with them is not made to wait."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from latchstring.base.settings import Rate
from latchstring.db import statements
from tests.support.places import POSTGRESQL, here
from tests.support.world import a_world

pytestmark = pytest.mark.at(POSTGRESQL)

SQL = statements.parse("""
-- hold --
update limits set refused = refused returning used
""")
WEB = {"client": "acme-web", "send": "code", "browser": None, "starts": 0}
ONCE = Rate(1, timedelta(hours=1))


@asynccontextmanager
async def all_limits_held(path):
    """Hold every window, as a batch of somebody else's does."""
    other = await here().open(path)
    held, over = asyncio.Event(), asyncio.Event()

    async def hold(tx):
        assert await tx.all(SQL["hold"], int, {})
        held.set()
        await over.wait()

    holding = asyncio.create_task(other.transact(hold))
    async with asyncio.timeout(2):
        await held.wait()
    try:
        yield
    finally:
        over.set()
        await holding
        await other.close()


@pytest.mark.parametrize("client", ["acme-web", "acme-spa"])
async def test_what_is_used_up_is_refused_without_waiting_for_its_window(tmp_path, client):
    async with a_world(tmp_path, starts_per_identifier=ONCE) as world:

        async def start(person):
            how = {**WEB, "client": client, "address": "192.0.2.1"}
            return (await world.start(person, **how))[0][0]

        assert await start("alice@example.com") == "started"
        assert await start("alice@example.com") == "limit"
        path = tmp_path / "var" / "latchstring.db"
        async with all_limits_held(path):
            assert await start("alice@example.com") == "limit"
