"""Challenges and budgets in a real file: the statements are the concurrency control."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from latchstring.base.ids import AuthorizationId, ChallengeId
from latchstring.domain.challenges import store
from latchstring.domain.challenges.budget import Browser, Guesses
from latchstring.domain.challenges.challenge import Challenge, EndedBy
from tests.domain.challenges.people import ALICE, BOB, NOW, OTHER, a_challenge

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PAGE = AuthorizationId("auth_1")


async def keep(database, *challenges: Challenge, live: int = 5) -> None:
    for challenge in challenges:
        await database.transact(
            lambda tx, c=challenge: store.add(tx, c, live=live, now=c.created_at)
        )


async def find(database, challenge: Challenge) -> Challenge:
    found = await database.read(lambda tx: store.find_challenge(tx, challenge.id))
    assert found
    return found


async def answer(database, digest=ALICE, *, shortest: int = 0, now=NOW) -> list[Challenge]:
    """Compare a wrong answer, as the flow does: hold, compare, count."""

    async def compare(tx) -> list[Challenge]:
        held = await store.hold_answerable(tx, digest, now)
        counted = await store.spend_attempt(tx, digest, shortest=shortest, now=now)
        compared = [challenge for challenge in held if challenge.code_length >= shortest]
        assert counted == len(compared)
        return compared

    return await database.transact(compare)


async def end_all(database, digest=ALICE, ended_by=EndedBy.USED) -> list[ChallengeId]:
    return await database.transact(lambda tx: store.end_all(tx, digest, ended_by=ended_by, now=NOW))


@pytest.mark.parametrize("decoy", [False, True])
async def test_a_challenge_comes_back_as_it_was(database, decoy):
    challenge = a_challenge(
        authorization_id=PAGE, return_to={"state": "s\u00e9"}, address_digest="net", decoy=decoy
    )
    await keep(database, challenge)

    assert await find(database, challenge) == challenge
    assert await database.read(lambda tx: store.find_challenge(tx, a_challenge().id)) is None


async def test_r8_the_newest_five_stay_and_a_sixth_retires_the_oldest(database):
    six = [a_challenge() for _ in range(6)]
    await keep(database, *six)

    ended = [(await find(database, challenge)).ended_by for challenge in six]

    assert ended == [EndedBy.SUPERSEDED, None, None, None, None, None]


async def test_fewer_live_codes_retire_the_older_ones_at_the_next_start(database):
    await keep(database, *[a_challenge() for _ in range(5)])
    newest = a_challenge()
    await keep(database, newest, live=1)

    assert [found.id for found in await answer(database)] == [newest.id]


async def test_which_are_newest_does_not_depend_on_the_clock(database):
    first, second = a_challenge(now=NOW), a_challenge(now=NOW - HOUR)
    await keep(database, first, second, live=1)

    assert (await find(database, first)).ended_by is EndedBy.SUPERSEDED
    assert (await find(database, second)).ended_by is None


async def test_one_persons_codes_do_not_retire_another_persons(database):
    alice = a_challenge("alice")
    await keep(database, alice, a_challenge("bob"), live=1)

    assert (await find(database, alice)).ended_by is None


async def test_an_answer_counts_against_every_live_challenge_at_once(database):
    live = [a_challenge(), a_challenge(client_id=OTHER), a_challenge(max_attempts=5)]
    await keep(database, *live, a_challenge("bob"))

    compared = await answer(database)

    assert {found.id for found in compared} == {challenge.id for challenge in live}
    assert [(await find(database, challenge)).attempts for challenge in live] == [1, 1, 1]
    assert [found.attempts for found in await answer(database, BOB)] == [0]


async def test_only_what_could_still_be_answered_is_counted_and_returned(database):
    burned, short, long = a_challenge(max_attempts=1), a_challenge(), a_challenge(code_length=10)
    await keep(database, burned, short, long)

    assert len(await answer(database)) == 3
    assert {found.id for found in await answer(database)} == {short.id, long.id}
    assert [found.id for found in await answer(database, shortest=10)] == [long.id]
    assert await answer(database, now=NOW + 10 * MINUTE) == []
    assert (await find(database, burned)).attempts == 1


async def test_parallel_answers_never_count_past_the_limit(database):
    await keep(database, a_challenge())

    compared = await asyncio.gather(*(answer(database) for _ in range(50)))

    assert sum(bool(found) for found in compared) == 3


async def test_v_04_of_parallel_successes_exactly_one_ends_the_challenges(database):
    await keep(database, a_challenge(), a_challenge())

    ended = await asyncio.gather(*(end_all(database) for _ in range(64)))

    assert sorted(map(len, ended)) == [0] * 63 + [2]


async def test_what_ended_says_why_and_when(database):
    challenge = a_challenge()
    await keep(database, challenge)
    await end_all(database, ended_by=EndedBy.VOIDED)

    found = await find(database, challenge)
    assert (found.ended_by, found.ended_at) == (EndedBy.VOIDED, NOW)


async def test_codes_that_are_over_are_found_the_newest_first(database):
    used, expired, live = a_challenge(), a_challenge(code_lifetime=MINUTE), a_challenge()
    await keep(database, used)
    await end_all(database)
    await keep(database, expired, live)

    over = await database.read(lambda tx: store.find_over(tx, ALICE, NOW + MINUTE))

    assert [found.id for found in over] == [expired.id, used.id]


async def test_a_burned_challenge_is_unanswered_until_it_expires(database):
    challenge = a_challenge(max_attempts=1)
    await keep(database, challenge)
    await answer(database)

    def unanswered(now):
        return database.read(lambda tx: store.has_unanswered(tx, ALICE, now))

    assert await unanswered(NOW)
    assert not await unanswered(challenge.code_expires_at)
    await end_all(database)
    assert not await unanswered(NOW)


async def test_a_page_finds_the_challenge_it_caused_last(database):
    first, second, elsewhere = (
        a_challenge(authorization_id=PAGE),
        a_challenge(authorization_id=PAGE),
        a_challenge(),
    )
    await keep(database, first, second, elsewhere)

    found = await database.read(lambda tx: store.newest_of_authorization(tx, ALICE, PAGE))

    assert found == second
    assert not await database.read(lambda tx: store.newest_of_authorization(tx, BOB, PAGE))


async def test_the_lengths_of_live_codes_are_told_once_each(database):
    await keep(database, a_challenge(), a_challenge(), a_challenge(code_length=10))

    lengths = await database.read(lambda tx: store.live_lengths(tx, ALICE, NOW))

    assert sorted(lengths) == [6, 10]
    assert await database.read(lambda tx: store.live_lengths(tx, ALICE, NOW + HOUR)) == []


async def test_that_a_link_was_opened_is_noted_once(database):
    challenge = a_challenge()
    await keep(database, challenge)
    for later in (MINUTE, 2 * MINUTE):
        await database.transact(lambda tx, at=NOW + later: store.note_opened(tx, challenge, at))

    assert await find(database, challenge) == replace(challenge, opened_at=NOW + MINUTE)


async def guess(database, now, browser=Browser.STRANGER, times: int = 1) -> None:
    for _ in range(times):
        await database.transact(lambda tx: store.spend_guess(tx, ALICE, browser, now))


async def guesses(database, now, browser=Browser.STRANGER) -> Guesses:
    return await database.read(lambda tx: store.count_guesses(tx, ALICE, browser, now))


async def test_guesses_are_counted_over_a_day_and_over_thirty_days(database):
    await guess(database, NOW, times=2)
    await guess(database, NOW + 2 * DAY)

    assert await guesses(database, NOW + 2 * DAY) == Guesses(1, 3)
    assert await guesses(database, NOW + 10 * DAY) == Guesses(0, 3)
    assert await guesses(database, NOW + 31 * DAY) == Guesses(0, 1)
    assert await guesses(database, NOW + 40 * DAY) == Guesses(0, 0)


@pytest.mark.parametrize(("minutes", "counted"), [(24 * 60 - 1, 1), (25 * 60, 0)])
async def test_a_guess_leaves_the_day_late_rather_than_early(database, minutes, counted):
    await guess(database, NOW)

    assert (await guesses(database, NOW + minutes * MINUTE)).in_a_day == counted


async def test_known_browsers_and_strangers_have_budgets_of_their_own(database):
    await guess(database, NOW, Browser.STRANGER, times=10)
    await guess(database, NOW, Browser.KNOWN)

    assert (await guesses(database, NOW, Browser.KNOWN)).in_a_day == 1
    assert (await guesses(database, NOW)).in_a_day == 10


async def test_purging_drops_what_is_long_over_in_small_batches(database):
    old = [a_challenge(f"person{number}") for number in range(5)]
    long_link = a_challenge("bob", link_lifetime=timedelta(hours=1))
    await keep(database, *old, long_link)
    await guess(database, NOW)

    def purge(before, month_ago):
        return database.transact(
            lambda tx: store.purge(tx, before=before, month_ago=month_ago, count=2)
        )

    gone = [await purge(NOW + 11 * MINUTE, NOW - HOUR) for _ in range(4)]

    assert gone == [2, 2, 1, 0]
    assert await find(database, long_link) == long_link
    assert await purge(NOW, NOW + HOUR) == 1
    assert await guesses(database, NOW) == Guesses(0, 0)
