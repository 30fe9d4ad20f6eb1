"""Callers of one statement share what it costs, and none of them waits for ever."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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


class Row(dict[str, Any]):
    """A driver's row: its values by name and by place."""

    def __getitem__(self, key: Any) -> Any:
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


class Race(Exception):
    """Somebody was in the way."""


@dataclass
class Table:
    """Keeps names, each once; a batch is all or nothing."""

    names: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    trouble: Callable[[str], Exception | None] = lambda _: None

    async def execute(self, sql: Any, arguments: list[list[Any]]) -> list[Row]:
        """Insert all of them, once somebody lets it."""
        assert sql.text == "insert into people (name) values ($1) returning name"
        names = [name for (name,) in arguments]
        self.batches.append(names)
        await self.go_on.wait()
        for name in names:
            if (trouble := self.trouble(name)) is not None:
                raise trouble
            if name in self.names:
                raise Race
        self.names += names
        return [Row(name=name) for name in names]


@pytest.fixture
def table() -> Table:
    found = Table()
    found.go_on.set()
    return found


async def add(batches: Batches, name: object) -> str | None:
    return await batches(ADD, str, {"name": name, "another": "value"})


async def test_whoever_comes_in_one_turn_of_the_loop_shares_a_batch_in_their_order(table):
    batches = Batches(table.execute)
    names = [f"person {number}" for number in range(50)]

    assert await asyncio.gather(*(add(batches, name) for name in names)) == names
    assert table.batches == [names]


async def test_a_batch_has_64_at_most_and_the_rest_do_not_wait_for_it(table):
    table.go_on.clear()
    batches = Batches(table.execute)
    callers = [asyncio.create_task(add(batches, str(number))) for number in range(300)]
    await asyncio.sleep(0.1)

    assert [len(batch) for batch in table.batches] == [64] * 4  # no more at a time
    table.go_on.set()
    assert await asyncio.gather(*callers) == [str(number) for number in range(300)]
    assert [len(batch) for batch in table.batches] == [64] * 4 + [44]


async def test_who_comes_while_a_batch_is_underway_gathers_for_the_next(table):
    table.go_on.clear()
    batches = Batches(table.execute)
    first = asyncio.create_task(add(batches, "first"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(add(batches, name)) for name in ("second", "third")]
    await asyncio.sleep(0.05)
    table.go_on.set()

    assert await asyncio.gather(first, *others) == ["first", "second", "third"]
    assert table.batches == [["first"], ["second", "third"]]


async def test_statements_do_not_wait_for_each_other(table):
    other = Statement("add", ADD.text)
    table.go_on.clear()
    batches = Batches(table.execute)
    callers = [
        asyncio.create_task(batches(statement, str, {"name": name}))
        for statement, name in ((ADD, "one"), (other, "two"))
    ]
    await asyncio.sleep(0.02)
    assert table.batches == [["one"], ["two"]]
    table.go_on.set()
    await asyncio.gather(*callers)


async def test_whose_row_spoils_a_batch_gets_nothing_and_the_others_their_rows(table):
    table.names.append("bob")
    batches = Batches(table.execute, raced=(Race,))

    told = await asyncio.gather(*(add(batches, name) for name in ("alice", "bob", "carol", "bob")))
    assert told == ["alice", None, "carol", None]
    assert table.names == ["bob", "alice", "carol"]


async def test_who_is_alone_in_a_spoiled_batch_is_not_tried_twice(table):
    table.names.append("bob")
    assert await add(Batches(table.execute, raced=(Race,)), "bob") is None
    assert table.batches == [["bob"]]


async def test_a_value_that_does_not_fit_is_its_caller_s_mistake_alone(table):
    table.trouble = lambda name: ValueError("no such name") if name == "mallory" else None
    batches = Batches(table.execute, raced=(Race,))
    calls = [add(batches, name) for name in ("alice", "mallory", "bob")]
    told = await asyncio.gather(*calls, return_exceptions=True)

    assert (told[0], told[2]) == ("alice", "bob")
    assert isinstance(told[1], ValueError)


async def test_a_value_that_cannot_be_made_into_a_column_is_told_at_once_and_spoils_nothing(table):
    batches = Batches(table.execute)
    with pytest.raises(KeyError):
        await batches(ADD, str, {"nobody": "alice"})

    assert await add(batches, "bob") == "bob"


async def test_a_database_out_of_reach_is_told_to_all_and_nobody_is_tried_again(table):
    table.trouble = lambda _: Unavailable()
    batches = Batches(table.execute, raced=(Race,))
    calls = [add(batches, str(number)) for number in range(10)]
    told = await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(outcome, Unavailable) for outcome in told)
    assert len(table.batches) == 1
    table.trouble = lambda _: None
    assert await add(batches, "later") == "later"


async def test_a_caller_that_went_away_disturbs_nobody(table):
    table.go_on.clear()
    batches = Batches(table.execute)
    gone, stays = (asyncio.create_task(add(batches, name)) for name in ("gone", "stays"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    table.go_on.set()

    assert await stays == "stays"
    assert table.names == ["gone", "stays"]  # what was committed stays committed


async def test_everything_that_was_accepted_has_its_answer_in_the_end(table):
    table.go_on.clear()
    batches = Batches(table.execute)
    callers = [asyncio.create_task(add(batches, str(number))) for number in range(300)]
    await asyncio.sleep(0)
    draining = asyncio.create_task(batches.drained())
    await asyncio.sleep(0)
    assert not draining.done()
    table.go_on.set()
    await draining

    assert all([caller.done() or await caller for caller in callers])
    assert len(table.names) == 300


async def test_a_batch_is_executed_in_the_order_of_its_key_and_each_caller_gets_its_own_row(table):
    batches = Batches(table.execute, key="name")

    assert await asyncio.gather(*(add(batches, name) for name in "cab")) == list("cab")
    assert table.batches == [list("abc")]
