"""A limit leased in slices: exact over all processes, and no row that every start waits for."""

import asyncio
from datetime import timedelta

from latchstring.base.errors import Unavailable
from latchstring.domain.limits import store
from latchstring.domain.limits.limit import Exhausted, Limit
from latchstring.flows.lease_limit import LeasedLimit, Use
from tests.support.house import START_OF_TIME as NOW

DAY = timedelta(days=1)


def a_process(database, clock, allowed: int) -> LeasedLimit:
    return LeasedLimit(database, clock, Limit("texts", allowed, DAY), "installation")


async def used(database, allowed: int) -> int:
    limit = Limit("texts", allowed, DAY)
    window = await database.read(lambda tx: store.find_window(tx, limit, "installation"))
    return window.used if window else 0


async def test_two_processes_together_never_pass_the_limit(database, clock):
    processes = [a_process(database, clock, 203) for _ in range(2)]

    outcomes = await asyncio.gather(*(processes[n % 2].spend() for n in range(300)))

    refused = [outcome for outcome in outcomes if isinstance(outcome, Exhausted)]
    # What one of them still holds, the other cannot have: less than a slice.
    assert 203 - 4 <= 300 - len(refused) <= 203
    assert all(outcome.until == NOW + DAY for outcome in refused)
    assert await used(database, 203) == 203


async def test_most_uses_touch_no_row(database, clock):
    process = a_process(database, clock, 500)
    for _ in range(10):
        assert isinstance(await process.spend(), Use)

    assert await used(database, 500) == 10


async def test_what_came_to_nothing_is_spent_by_the_next(database, clock):
    process = a_process(database, clock, 1)
    use = await process.spend()
    assert isinstance(use, Use)
    process.give_back(use)

    assert isinstance(await process.spend(), Use)
    assert isinstance(await process.spend(), Exhausted)


async def test_a_new_window_begins_anew(database, clock):
    process = a_process(database, clock, 2)
    for _ in range(2):
        assert isinstance(await process.spend(), Use)
    assert isinstance(await process.spend(), Exhausted)

    clock.advance(DAY.total_seconds())

    assert isinstance(await process.spend(), Use)
    assert await used(database, 2) == 1


async def test_what_came_to_nothing_is_not_given_to_the_next_window(database, clock):
    process = a_process(database, clock, 1)
    old = await process.spend()
    assert isinstance(old, Use)
    clock.advance(DAY.total_seconds())
    assert isinstance(await process.spend(), Use)

    process.give_back(old)

    assert isinstance(await process.spend(), Exhausted)


async def test_those_who_come_at_once_lease_one_slice_after_the_other(database, clock):
    process, other = (a_process(database, clock, 200) for _ in range(2))

    outcomes = await asyncio.gather(*(process.spend() for _ in range(50)))

    assert all(isinstance(outcome, Use) for outcome in outcomes)
    assert await used(database, 200) == 52  # thirteen slices of four
    assert isinstance(await other.spend(), Use)


async def test_who_stops_leaves_the_rest_to_the_others(database, clock):
    process = a_process(database, clock, 200)
    await process.spend()

    await process.end()
    await process.end()

    assert await used(database, 200) == 1


async def test_what_is_left_of_a_window_that_ended_is_not_taken_from_the_next(database, clock):
    process, other = (a_process(database, clock, 200) for _ in range(2))
    await process.spend()
    clock.advance(DAY.total_seconds())
    await other.spend()

    await process.end()

    assert await used(database, 200) == 4


async def test_all_who_wait_for_a_lease_hear_that_there_is_no_database(database, clock):
    class Away:
        asked = 0

        async def transact(self, _work: object) -> None:
            self.asked += 1
            await asyncio.sleep(0)
            raise Unavailable

    away = Away()
    process = a_process(away, clock, 200)

    outcomes = await asyncio.gather(*(process.spend() for _ in range(5)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 5
    assert away.asked == 1


async def test_what_is_used_up_is_refused_from_memory_for_a_second(database, clock):
    process, other = (a_process(database, clock, 1) for _ in range(2))
    use = await other.spend()
    assert isinstance(use, Use)
    assert isinstance(await process.spend(), Exhausted)
    other.give_back(use)
    await other.end()

    assert isinstance(await process.spend(), Exhausted)
    clock.advance(1)
    assert isinstance(await process.spend(), Use)
