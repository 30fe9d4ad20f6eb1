"""Counting in windows: never past the limit, whoever comes at once."""

import asyncio
from datetime import datetime, timedelta

from latchstring.domain.limits import store
from latchstring.domain.limits.limit import Exhausted, Limit, Window
from tests.support.house import START_OF_TIME as NOW

HOUR = timedelta(hours=1)
STARTS = Limit("starts", 3, HOUR)
TEXTS = Limit("texts", 1, HOUR)


async def spend(database, limit=STARTS, key="alice", now=NOW) -> Exhausted | None:
    return await database.transact(lambda tx: store.spend(tx, limit, key, now))


async def spend_all(database, *limits: tuple[Limit, str], now: datetime = NOW):
    return await database.transact(lambda tx: store.spend_all(tx, limits, now))


async def window(database, limit=STARTS, key="alice") -> Window | None:
    return await database.read(lambda tx: store.find_window(tx, limit, key))


async def give_back(database, limit=STARTS, key="alice", now=NOW) -> None:
    await database.transact(lambda tx: store.give_back(tx, limit.name, limit.digest_of(key), now))


async def test_a_limit_allows_so_many_and_then_says_until_when(database):
    answers = [await spend(database, now=NOW + timedelta(minutes=m)) for m in range(4)]

    assert answers == [None, None, None, Exhausted(STARTS, "alice", NOW + HOUR)]


async def test_a_window_opens_with_its_first_use_and_starts_anew_when_it_is_over(database):
    for _ in range(4):
        await spend(database)

    assert await spend(database, now=NOW + HOUR - timedelta(milliseconds=1))
    assert await spend(database, now=NOW + HOUR) is None
    assert await window(database) == Window(1, NOW + 2 * HOUR)


async def test_keys_and_limits_count_by_themselves(database):
    for _ in range(3):
        await spend(database)

    assert await spend(database, key="bob") is None
    assert await spend(database, TEXTS) is None
    assert await window(database, TEXTS, "bob") is None


async def test_l_08_of_200_at_once_exactly_as_many_pass_as_the_limit_allows(database):
    limit = Limit("starts", 10, HOUR)
    answers = await asyncio.gather(*(spend(database, limit) for _ in range(200)))

    assert answers.count(None) == 10
    assert await window(database, limit) == Window(10, NOW + HOUR)


async def test_several_limits_are_spent_until_one_allows_no_more(database):
    both = ((STARTS, "alice"), (TEXTS, ""))
    assert await spend_all(database, *both) is None

    assert await spend_all(database, *both) == Exhausted(TEXTS, "", NOW + HOUR)


async def test_the_first_refusal_of_a_window_is_told_from_the_others(database):
    exhausted = Exhausted(TEXTS, "alice", NOW + HOUR)

    async def refused() -> bool:
        return await database.transact(lambda tx: store.note_refusal(tx, exhausted))

    await spend(database, TEXTS)
    assert [await refused(), await refused()] == [True, False]

    await spend(database, TEXTS, now=NOW + HOUR)
    assert [await refused(), await refused()] == [True, False]


async def test_what_was_given_back_can_be_used_again(database):
    for _ in range(3):
        await spend(database)
    await give_back(database)

    assert await spend(database) is None
    assert await spend(database)


async def test_giving_back_never_makes_a_credit(database):
    await spend(database)
    for _ in range(3):
        await give_back(database)
    await give_back(database, key="nobody")

    assert await window(database) == Window(0, NOW + HOUR)


async def test_nothing_is_given_back_to_a_window_that_is_over(database):
    await spend(database)
    await give_back(database, now=NOW + HOUR)

    assert await window(database) == Window(1, NOW + HOUR)


async def test_a_limit_that_was_lowered_holds_at_once(database):
    for _ in range(3):
        await spend(database)

    assert await spend(database, Limit("starts", 2, HOUR))


async def test_an_exhausted_limit_whose_row_was_purged_meanwhile_still_ends(database):
    nothing = Limit("nothing", 0, HOUR)
    await spend(database, nothing)

    assert await spend(database, nothing) == Exhausted(nothing, "alice", NOW + HOUR)


async def test_purging_drops_windows_that_are_over_in_small_batches(database):
    for number in range(3):
        await spend(database, key=str(number))
    await spend(database, key="fresh", now=NOW + HOUR)

    def purge(now):
        return database.transact(lambda tx: store.purge(tx, now=now, count=2))

    later = NOW + HOUR + timedelta(seconds=1)
    assert [await purge(later) for _ in range(3)] == [2, 1, 0]
    assert await window(database, key="fresh")


def test_an_address_does_not_stand_in_the_table():
    assert "192.0.2.1" not in STARTS.digest_of("192.0.2.1")
    assert STARTS.digest_of("192.0.2.1") != TEXTS.digest_of("192.0.2.1")
