"""Count first, compare second, end third; refusals are told apart and stay counted."""

import asyncio
from datetime import timedelta

import pytest

from latchstring.base import key_file
from latchstring.base.settings import Rate
from tests.support.house import START_OF_TIME as NOW
from tests.support.places import ALL
from tests.support.world import CRASHED, ChallengeRow, UserRow, a_world

pytestmark = pytest.mark.at(*ALL)

DAY = timedelta(days=1)
WRONG = "00000"
"""Five digits are never a code."""


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


async def burn(world, times: int = 10) -> None:
    """Use up the guess budget, two wrong answers a code."""
    for _ in range(times // 2):
        await world.ask()
        assert [(await world.enter(WRONG))[0] for _ in range(2)] == ["wrong"] * 2


async def test_r1_the_first_success_makes_the_user_and_later_ones_find_it(world):
    first = await world.enter((await world.ask())[0])
    second = await world.enter((await world.ask())[0])

    assert (first, second) == (("accepted", True), ("accepted", False))
    (user,) = await world.rows("users", UserRow)
    assert user.sign_ins == 2


async def test_r8_one_success_ends_all_of_them_across_clients(world):
    codes = [(await world.ask(client=client))[0] for client in ["acme-web", "acme-spa"] * 2]

    assert (await world.enter(codes[0]))[0] == "accepted"
    assert [await world.enter(code) for code in codes] == [("wrong", None)] * 4
    assert {row.ended_by for row in await world.rows("challenges", ChallengeRow)} == {"used"}


async def test_a_wrong_answer_counts_against_every_live_code_and_the_last_says_too_many(world):
    codes = [(await world.ask())[0] for _ in range(3)]
    told = [await world.enter(WRONG) for _ in range(4)]

    assert told == [("wrong", 2), ("wrong", 1), ("too many",), ("too many",)]
    assert [await world.enter(code) for code in codes] == [("too many",)] * 3


async def test_the_tries_left_are_those_of_the_most_patient_code(world):
    await world.ask()
    await world.connections.change("email", {"max_attempts": 5})
    await world.ask()

    assert await world.enter(WRONG) == ("wrong", 4)


async def test_l_13_too_many_tries_at_codes_leave_the_link_alone(world):
    _, token = await world.ask()
    for _ in range(3):
        await world.enter(WRONG)

    assert await world.press(token, "laptop") == ("accepted", True)


async def test_v_02_a_code_is_good_for_its_lifetime_and_not_a_moment_longer(world):
    early, late = (await world.ask())[0], (await world.ask("bob@example.com"))[0]
    world.clock.advance(599.999)
    assert (await world.enter(early))[0] == "accepted"
    world.clock.advance(0.001)

    assert await world.enter(late, "bob@example.com") == ("expired",)


async def test_old_codes_of_the_same_person_are_refused_but_not_counted(world):
    used, _ = await world.ask()
    await world.enter(used)
    voided, _ = await world.ask()
    await world.users.void_codes("alice@example.com")
    expired, _ = await world.ask()
    world.clock.advance(600)
    code, _ = await world.ask()

    assert [await world.enter(old) for old in [used, voided] * 3] == [("wrong", 3)] * 6
    assert [await world.enter(expired) for _ in range(3)] == [("expired",)] * 3
    assert await world.guesses("alice@example.com", "stranger") == (0, 0)
    assert (await world.enter(code))[0] == "accepted"


async def test_v_09_a_code_is_nothing_for_another_person_or_another_way_in(world):
    code, _ = await world.ask("bob@example.com")
    await world.ask()
    await world.ask("+14155550100", send="code")

    assert await world.enter(code) == ("wrong", 2)
    assert await world.enter(code, "+14155550100") == ("wrong", 2)
    assert await world.enter(code, "mallory@example.com") == ("wrong", None)


async def test_v_10_another_clients_code_is_refused_and_counted(world):
    code, _ = await world.ask(client="acme-spa")

    assert await world.enter(code) == ("wrong", 2)
    assert (await world.enter(code, client="acme-spa"))[0] == "accepted"


async def test_a_right_answer_takes_its_own_count_back_and_no_other(world):
    code, _ = await world.ask()
    await world.enter(WRONG)
    await world.enter(code)

    assert await world.guesses("alice@example.com", "stranger") == (1, 1)


async def test_n4_new_codes_and_successes_leave_the_guess_budget_as_it_was(world):
    await burn(world, 8)
    await world.enter((await world.ask())[0])

    assert await world.guesses("alice@example.com", "stranger") == (8, 8)


async def test_l_13_past_the_budget_older_short_codes_stop_and_long_ones_work(world):
    await burn(world)
    short = (await world.rows("challenges", ChallengeRow))[-1]
    long, token = await world.ask()

    assert await world.enter(WRONG) == ("wrong", 2)
    rows = {row.id: row for row in await world.rows("challenges", ChallengeRow)}
    assert rows[short.id].wrong == short.wrong
    assert len(long) == 10
    assert (await world.enter(long))[0] == "accepted"
    assert await world.press(token, "laptop") == ("refused", "used")


async def test_l_13_past_the_budget_a_short_code_is_told_as_too_many_and_costs_nothing(tmp_path):
    async with a_world(tmp_path, wrong_answers_per_identifier_per_day=2) as world:
        code, token = await world.ask()
        for _ in range(2):
            await world.enter(WRONG)

        assert await world.enter(code) == ("too many",)
        assert await world.guesses("alice@example.com", "stranger") == (2, 2)
        assert await world.press(token, "laptop") == ("accepted", True)


async def test_v_07_what_was_counted_stays_counted_after_a_restart(world):
    code, _ = await world.ask()
    for _ in range(3):
        await world.enter(WRONG)
    await world.close()
    await world.open()

    assert await world.enter(code) == ("too many",)


async def test_e_02_an_unknown_person_hears_what_a_known_one_hears(world):
    async def told(person):
        answers = [await world.enter(WRONG, person)]
        await world.start(
            person, "acme-web", send="code", address="192.0.2.1", browser=None, starts=0
        )
        answers += [await world.enter(WRONG, person) for _ in range(4)]
        world.clock.advance(600)
        return [*answers, await world.enter(WRONG, person)]

    await world.enter((await world.ask())[0])
    await world.connections.change("email", {"sign_up": False})
    known, unknown = await told("alice@example.com"), await told("bob@example.com")

    assert known == unknown
    assert known[1:] == [("wrong", 2), ("wrong", 1), *[("too many",)] * 2, ("wrong", None)]


async def test_a_right_code_signs_nobody_up_once_signing_up_is_off(world):
    code, _ = await world.ask()
    await world.connections.change("email", {"sign_up": False})

    assert await world.enter(code) == ("wrong", 2)
    assert await world.rows("users", UserRow) == []
    await world.connections.change("email", {"sign_up": True})
    assert (await world.enter(code))[0] == "accepted"


async def test_a_person_blocked_meanwhile_is_not_signed_in(world):
    await world.enter((await world.ask())[0])
    code, token = await world.ask()
    await world.users.block("alice@example.com")

    assert await world.enter(code) == ("wrong", None)
    assert await world.press(token, "laptop") == ("refused", "voided")


async def test_a_code_issued_under_an_old_key_works_after_a_new_one_came(world):
    code, token = await world.ask()
    await world.close()
    assert key_file.add_version(world.folder / "keys" / "secret.key") == 2
    await world.open()
    newer, _ = await world.ask()
    assert world.installation.keyring.current == 2

    assert (await world.look(token, "laptop"))[1] == "live"
    assert code != newer
    assert (await world.enter(code))[0] == "accepted"


async def test_wrong_answers_of_an_address_are_limited_and_right_ones_are_free(tmp_path):
    async with a_world(tmp_path, wrong_answers_per_address=Rate(2, DAY)) as world:
        for _ in range(3):
            code, _ = await world.ask(client="acme-spa")
            assert (await world.enter(code, client="acme-spa"))[0] == "accepted"
            assert (await world.enter(code, client="acme-spa"))[0] == "wrong"
        for _ in range(2):
            await world.enter(WRONG, client="acme-spa")
        code, _ = await world.ask(client="acme-spa")

        limited = ("limit", "wrong_answers_per_address", NOW + DAY)
        assert await world.enter(code, client="acme-spa") == limited
        assert (await world.enter(code, client="acme-spa", address="192.0.2.2"))[0] == "accepted"
        assert (await world.enter(WRONG))[0] == "wrong"


async def test_a_success_on_a_page_opens_a_new_session_and_ends_the_old_one(world):
    tokens = []
    for _ in range(2):
        await world.visit("laptop", "acme-web")
        code, _ = await world.ask(browser="laptop")
        await world.enter(code, browser="laptop")
        tokens.append(world.browser("laptop").session)

    assert tokens[0] != tokens[1]
    assert [await world.is_signed_in(token) for token in tokens] == [False, True]


async def test_what_happened_is_recorded_in_its_order(world):
    code, _ = await world.ask()
    await world.enter(WRONG)
    await world.enter(code)

    assert await world.events() == [
        "ChallengeIssued",
        "ChallengeRefused",
        "UserCreated",
        "IdentifierVerified",
    ]


async def test_v_04_of_parallel_right_answers_one_wins_and_the_losers_are_not_counted(world):
    code, _ = await world.ask()
    told = await asyncio.gather(*(world.enter(code) for _ in range(64)))

    assert sorted(told) == [("accepted", True), *[("wrong", None)] * 63]
    assert await world.guesses("alice@example.com", "stranger") == (0, 0)
    await world.ask()
    assert await world.enter(WRONG) == ("wrong", 2)


async def test_a_code_and_a_link_that_race_have_one_winner(world):
    code, token = await world.ask()
    told = await asyncio.gather(
        *(world.enter(code) for _ in range(5)), *(world.press(token, "laptop") for _ in range(5))
    )

    assert [outcome[0] for outcome in told].count("accepted") == 1


@pytest.mark.parametrize("statement", range(1, 16))
async def test_a_crash_between_two_statements_leaves_nothing_of_an_answer(world, statement):
    code, _ = await world.ask()
    before = await world.rows("challenges", ChallengeRow)
    world.fuse.left = statement
    outcome = await world.attempt(world.enter(code))

    if outcome == CRASHED:
        assert await world.rows("challenges", ChallengeRow) == before
        assert await world.rows("users", UserRow) == []
        assert await world.guesses("alice@example.com", "stranger") == (0, 0)
        assert await world.enter(code) == ("accepted", True)
