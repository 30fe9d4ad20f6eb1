"""Who shares a round trip with somebody shares neither their mistake nor their wait."""

import asyncio

import pytest

from latchstring.db.batches import Batches
from latchstring.db.statements import Statement

ADD = Statement("add", "insert into people (name) values (:name) returning name")


class NoSuchNameError(Exception):
    """The server does not take it."""


class RacedError(Exception):
    """Somebody was in the way."""


class Row(tuple):
    """One value, as the driver gives it."""

    __slots__ = ()

    def keys(self):
        return ["name"]


class PeopleServer:
    """Refuses names as a server does: the whole batch, or nothing."""

    def __init__(self):
        self.gate = asyncio.Event()
        self.kept = []

    async def __call__(self, _sql, arguments):
        names = [name for (name,) in arguments]
        if "mallory" in names:
            raise NoSuchNameError
        if "twin" in names:
            raise RacedError
        if "slow" in names:
            await self.gate.wait()
        self.kept += names
        return [Row([name]) for name in names]


async def add(batches, name):
    return await batches(ADD, str, {"name": name})


async def test_a_row_that_the_server_does_not_take_is_its_callers_trouble_alone():
    server = PeopleServer()
    batches = Batches(server, (RacedError,))
    names = ["alice", "mallory", "bob", "twin", "carol"]

    answers = await asyncio.gather(*(add(batches, it) for it in names), return_exceptions=True)

    assert isinstance(answers[1], NoSuchNameError)
    assert [*answers[:1], *answers[2:]] == ["alice", "bob", None, "carol"]
    assert server.kept == ["alice", "bob", "carol"]
    with pytest.raises(NoSuchNameError):
        await add(batches, "mallory")
    assert await add(batches, "twin") is None


async def test_a_batch_that_must_wait_does_not_keep_those_who_had_no_place_in_it():
    server = PeopleServer()
    batches = Batches(server)
    tasks = [asyncio.create_task(add(batches, name)) for name in ["slow", *map(str, range(150))]]

    done, waiting = await asyncio.wait(tasks, timeout=0.5)

    assert (len(done), len(waiting)) == (151 - 64, 64)
    server.gate.set()
    await asyncio.gather(*waiting)
