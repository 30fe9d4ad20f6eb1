"""Callers of one statement share what it costs, and none of them waits for ever."""

import asyncio
import time

import pytest

from latchstring.base.errors import Unavailable
from latchstring.db.batches import Batches
from latchstring.db.statements import Statement

ADD = Statement("add", "insert into people (name) values (:name) returning name")


async def silence(_sql, _arguments):
    """Answer nothing, as a server that hangs."""
    await asyncio.Event().wait()


async def ask(batches: Batches) -> None:
    with pytest.raises(Unavailable):
        await batches(ADD, str, {"name": "alice"})


async def test_nobody_waits_longer_because_others_wait_before_them():
    batches = Batches(silence, seconds=0.2)
    began = time.monotonic()

    # More than four batches of 64: the last ones wait for their turn.
    await asyncio.gather(*(ask(batches) for _ in range(600)))

    assert time.monotonic() - began < 2


async def test_who_waits_no_longer_is_not_carried():
    carried = []

    async def slow(_sql, arguments):
        carried.append(len(arguments))
        await asyncio.sleep(0.3)
        return [{"name": "alice"} for _ in arguments]

    batches = Batches(slow, seconds=0.2)
    await asyncio.gather(*(ask(batches) for _ in range(300)))
    await batches.drained()

    assert sum(carried) < 300
