"""What is answered is durable, what fails leaves nothing, and nobody waits for ever."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from latchstring.base.errors import Unavailable
from latchstring.db import statements
from latchstring.db.address import Address
from latchstring.db.database import Undone
from latchstring.db.postgresql import PostgresqlDatabase
from tests.support.outside import another_session, end_sessions, seen_from_outside, sessions_of
from tests.support.postgresql import UNTIL_THE_POWER_FAILS, Cluster

pytestmark = pytest.mark.at()  # it names its databases itself

SQL = statements.parse("""
-- note --
-- A row of its own.
insert into key_checks (version, check_value) values (:version, :text)

-- find --
-- What is noted under a number.
select check_value from key_checks where version = :version

-- change --
-- Something else under a number.
update key_checks set check_value = :text where version = :version

-- count --
-- How many there are.
select count(*) from key_checks

-- pid --
-- Which session this is.
select pg_backend_pid()

-- sleep --
-- A statement that takes long.
select pg_sleep(:seconds)

-- broken --
-- A statement that never works.
select 1 / :zero

-- note_once --
-- A row of its own, told at once.
insert into key_checks (version, check_value) values (:version, :text) returning version
""")


@asynccontextmanager
async def opened(url: str, **how) -> AsyncIterator[PostgresqlDatabase]:
    database = await PostgresqlDatabase(Address.of(url), **{"size": 5, **how}).open()
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def database(postgresql_url):
    async with opened(postgresql_url) as found:
        yield found


def noting(version: int, text: str = "x") -> Callable[..., Awaitable[int]]:
    return lambda tx: tx.run(SQL["note"], {"version": version, "text": text})


async def count(database) -> int:
    return await database.read(lambda tx: tx.one(SQL["count"], int, {})) or 0


async def pid(database) -> int:
    return await database.transact(lambda tx: tx.one(SQL["pid"], int, {})) or 0


async def note_at_once(database, version: int, text: str = "x") -> int | None:
    return await database.at_once(SQL["note_once"], int, {"version": version, "text": text})


# --- what is kept ------------------------------------------------------------------------------


async def test_what_is_answered_is_seen_by_everybody_and_before_by_nobody(database, postgresql_url):
    query = "select count(*) from key_checks"

    async def work(tx):
        await noting(1)(tx)
        return await seen_from_outside(postgresql_url, query)

    assert await database.transact(work) == [(0,)]
    assert await seen_from_outside(postgresql_url, query) == [(1,)]


async def test_an_exception_leaves_nothing_comes_through_and_the_session_is_used_again(
    postgresql_url,
):
    async def fails(tx):
        await noting(1)(tx)
        raise LookupError("on purpose")

    async with opened(postgresql_url, size=1) as database:
        before = await pid(database)
        with pytest.raises(LookupError, match="on purpose"):
            await database.transact(fails)

        assert await count(database) == 0
        assert await pid(database) == before


async def test_a_statement_s_own_mistake_comes_through_and_leaves_nothing(database):
    async def mistaken(tx):
        await noting(1)(tx)
        await tx.one(SQL["broken"], int, {"zero": 0})

    with pytest.raises(asyncpg.DivisionByZeroError):
        await database.transact(mistaken)
    assert await count(database) == 0


async def test_a_refusal_that_leaves_no_trace_is_answered_and_undone(database):
    async def refuses(tx):
        await noting(1)(tx)
        return Undone("no")

    assert await database.transact(refuses) == Undone("no")
    assert await count(database) == 0


async def test_who_swallows_a_failure_is_not_told_that_something_was_kept(database):
    async def careless(tx):
        await noting(1)(tx)
        try:
            await tx.one(SQL["broken"], int, {"zero": 0})
        except asyncpg.DivisionByZeroError:
            return "kept"

    with pytest.raises(Unavailable):
        await database.transact(careless)
    assert await count(database) == 0


async def test_statements_answer_as_they_do_on_sqlite(database):
    async def work(tx):
        changed = [await noting(number, f"n{number}")(tx) for number in (1, 2, 3)]
        first = await tx.one(SQL["find"], str, {"version": 1})
        nothing = await tx.one(SQL["find"], str, {"version": 9})
        none = await tx.run(SQL["change"], {"version": 9, "text": "x"})
        values = [{"version": number, "text": "y"} for number in (10, 11)]
        each = await tx.each(SQL["note_once"], int, values)
        return changed, first, nothing, none, each, await tx.each(SQL["note_once"], int, [])

    assert await database.transact(work) == ([1, 1, 1], "n1", None, 0, [10, 11], [])
    assert await count(database) == 5


async def test_reading_sees_one_moment_and_cannot_write(database):
    async def twice(tx):
        before = await tx.one(SQL["count"], int, {})
        await database.transact(noting(1))
        return before, await tx.one(SQL["count"], int, {})

    assert await database.read(twice) == (0, 0)
    assert await count(database) == 1
    with pytest.raises(Unavailable):
        await database.read(noting(2))


# --- races -------------------------------------------------------------------------------------


class Meeting:
    """Holds the first two who come until both are there."""

    def __init__(self) -> None:
        self.came = 0
        self.both = asyncio.Event()

    async def wait(self) -> None:
        self.came += 1
        if self.came == 2:
            self.both.set()
        await self.both.wait()


async def test_of_two_who_make_the_same_row_one_runs_again_and_finds_it(database):
    meeting, runs = Meeting(), []

    def making(name: str):
        async def work(tx):
            runs.append(name)
            found = await tx.one(SQL["find"], str, {"version": 1})
            await meeting.wait()
            if found is None:
                await noting(1, name)(tx)
            return found or name

        return work

    told = await asyncio.gather(*(database.transact(making(name)) for name in ("a", "b")))

    assert len(runs) == 3
    assert told[0] == told[1] in ("a", "b")
    assert await count(database) == 1


async def test_of_two_who_wait_for_each_other_one_runs_again(database):
    await database.transact(noting(1))
    await database.transact(noting(2))
    meeting, runs = Meeting(), []

    def changing(*versions: int):
        async def work(tx):
            runs.append(versions)
            for version in versions:
                await tx.run(SQL["change"], {"version": version, "text": str(versions)})
                await meeting.wait()

        return work

    await asyncio.gather(database.transact(changing(1, 2)), database.transact(changing(2, 1)))

    assert len(runs) == 3
    values = [
        await database.read(lambda tx, v=v: tx.one(SQL["find"], str, {"version": v}))
        for v in (1, 2)
    ]
    assert values[0] == values[1]


async def test_who_is_always_in_somebody_s_way_hears_it_in_time(database):
    await database.transact(noting(1))
    runs = []

    async def never(tx):
        runs.append(1)
        await noting(1)(tx)

    with pytest.raises(Unavailable) as refused:
        await database.transact(never)
    assert len(runs) == 4
    assert "UniqueViolation" in refused.value.detail
    assert "key_checks_pkey" not in str(refused.value)


# --- time --------------------------------------------------------------------------------------


async def test_a_statement_that_takes_too_long_is_given_up_and_its_session_with_it(postgresql_url):
    async def slow(tx):
        await noting(1)(tx)
        await tx.one(SQL["sleep"], str, {"seconds": 30.0})

    async with opened(postgresql_url, size=1, patience=0.3) as database:
        before = await pid(database)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await database.transact(slow)
        assert time.monotonic() - began < 10

        assert await pid(database) != before
        assert await count(database) == 0
        async with asyncio.timeout(10):
            while before in await sessions_of(postgresql_url):  # noqa: ASYNC110 - the server says nothing
                await asyncio.sleep(0.02)


async def test_the_server_gives_a_long_statement_up_by_itself(postgresql_url):
    async with opened(postgresql_url, patience=0.2) as database:

        async def limit(tx):
            return await tx.one(
                statements.Statement("limit", "select current_setting('statement_timeout')"),
                str,
                {},
            )

        assert await database.transact(limit) == "200ms"


async def test_who_waits_for_a_row_that_somebody_holds_hears_so_in_time(postgresql_url):
    change = {"version": 1, "text": "y"}
    async with (
        opened(postgresql_url, patience=0.3) as database,
        another_session(postgresql_url) as other,
    ):
        await database.transact(noting(1))
        await other.execute("begin")
        await other.execute("update key_checks set check_value = 'held'")
        with pytest.raises(Unavailable):
            await database.transact(lambda tx: tx.run(SQL["change"], change))
        await other.execute("commit")

        assert await database.transact(lambda tx: tx.run(SQL["change"], change)) == 1


async def test_who_waits_for_a_session_hears_so_in_time_and_disturbs_nobody(postgresql_url):
    go_on = asyncio.Event()

    async def busy(tx):
        await go_on.wait()
        return await noting(1)(tx)

    async with opened(postgresql_url, size=1, patience=1.5) as database:
        working = asyncio.create_task(database.transact(busy))
        await asyncio.sleep(0.1)
        waiting = [asyncio.create_task(count(database)) for _ in range(20)]
        await asyncio.sleep(0.1)
        assert (database.load.working, database.load.waiting) == (1, 20)
        go_on.set()
        assert await working == 1
        assert await asyncio.gather(*waiting) == [1] * 20

        async with database._pool.session():
            began = time.monotonic()
            with pytest.raises(Unavailable):
                await count(database)
            assert 1.4 < time.monotonic() - began < 10
        assert await count(database) == 1


async def test_a_caller_that_went_away_leaves_nothing_half_done(postgresql_url):
    begun = asyncio.Event()

    async def hanging(tx):
        await noting(1)(tx)
        begun.set()
        await asyncio.Event().wait()

    async with opened(postgresql_url, size=1) as database:
        before = await pid(database)
        gone = asyncio.create_task(database.transact(hanging))
        await begun.wait()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone

        assert await count(database) == 0
        assert await pid(database) != before


# --- trouble -----------------------------------------------------------------------------------


async def test_there_are_never_more_sessions_than_allowed(postgresql_url):
    async with opened(postgresql_url, size=3) as database:
        seen: list[set[int]] = []

        async def look(tx):
            await tx.one(SQL["pid"], int, {})
            seen.append(await sessions_of(postgresql_url))

        await asyncio.gather(*(database.transact(look) for _ in range(20)))

        assert max(map(len, seen)) == 3


async def test_who_throws_the_sessions_out_hurts_whom_they_served_and_nobody_after(database):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(tx):
        await noting(1)(tx)
        begun.set()
        await go_on.wait()
        return await noting(2)(tx)

    url = postgresql_url_of(database)
    await asyncio.gather(*(pid(database) for _ in range(5)))
    working = asyncio.create_task(database.transact(work))
    await begun.wait()
    assert await end_sessions(url) > 1
    go_on.set()
    with pytest.raises(Unavailable):
        await working

    assert await count(database) == 0
    assert await database.transact(noting(3)) == 1


def postgresql_url_of(database) -> str:
    address = database.address
    return f"postgresql://{address.user}@/{address.database}?host={address.host}"


async def test_a_database_that_takes_no_writes_is_unavailable_for_them_and_still_read(
    postgresql_url,
):
    async with another_session(postgresql_url) as owner:
        name = await owner.fetchval("select current_database()")
        await owner.execute(f'alter database "{name}" set default_transaction_read_only = on')
        try:
            async with opened(postgresql_url) as database:
                with pytest.raises(Unavailable):
                    await database.transact(noting(1))
                assert await count(database) == 0
        finally:
            await owner.execute("set default_transaction_read_only = off")
            await owner.execute(f'alter database "{name}" reset default_transaction_read_only')


async def napping(tx):
    await tx.one(SQL["sleep"], str, {"seconds": 0.1})


async def test_a_server_that_has_no_session_left_is_unavailable(postgresql_url):
    async with another_session(postgresql_url) as owner:
        name = await owner.fetchval("select current_database()")
        async with opened(postgresql_url, size=3) as database:
            await owner.execute(f'alter database "{name}" connection limit 1')
            try:
                calls = [database.transact(napping) for _ in range(3)]
                told = await asyncio.gather(*calls, return_exceptions=True)
                assert any(isinstance(outcome, Unavailable) for outcome in told)
            finally:
                await owner.execute(f'alter database "{name}" connection limit -1')
            assert await count(database) == 0


async def test_closing_finishes_what_was_accepted_and_then_nobody_is_served(postgresql_url):
    database = await PostgresqlDatabase(Address.of(postgresql_url), 2).open()
    accepted = [asyncio.create_task(note_at_once(database, number)) for number in range(30)]
    await asyncio.sleep(0)
    await database.close()

    assert await asyncio.gather(*accepted) == list(range(30))
    assert await seen_from_outside(postgresql_url, "select count(*) from key_checks") == [(30,)]
    assert await sessions_of(postgresql_url) == set()
    with pytest.raises(Unavailable):
        await database.transact(noting(99))
    with pytest.raises(Unavailable):
        await note_at_once(database, 99)
    await database.close()


# --- many callers, one statement ---------------------------------------------------------------


async def test_a_batch_is_durable_and_each_caller_gets_its_own_row(database, postgresql_url):
    told = await asyncio.gather(*(note_at_once(database, number) for number in range(200)))

    assert told == list(range(200))
    assert await seen_from_outside(postgresql_url, "select count(*) from key_checks") == [(200,)]


async def test_a_row_that_is_there_already_is_nothing_for_its_caller_and_the_rest_is_kept(database):
    await database.transact(noting(7))
    told = await asyncio.gather(*(note_at_once(database, number) for number in range(20)))

    assert told == [None if number == 7 else number for number in range(20)]
    assert await count(database) == 20


async def test_of_callers_who_make_the_same_row_at_once_one_does(database):
    told = await asyncio.gather(*(note_at_once(database, 1, str(n)) for n in range(50)))

    assert sorted(told, key=str) == [1, *[None] * 49]
    assert await count(database) == 1


async def test_a_value_that_the_server_refuses_is_its_caller_s_trouble_alone(database):
    calls = [note_at_once(database, number, "\0" if number == 3 else "x") for number in range(10)]
    told = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(told[3], asyncpg.PostgresError)
    assert [outcome for outcome in told if isinstance(outcome, int)] == [
        number for number in range(10) if number != 3
    ]
    assert await count(database) == 9


async def test_a_row_that_somebody_holds_is_one_caller_s_trouble(postgresql_url):
    async with opened(postgresql_url) as database, another_session(postgresql_url) as other:
        await other.execute("begin; insert into key_checks (version, check_value) values (3, 'x')")
        calls = [asyncio.create_task(note_at_once(database, number)) for number in range(10)]
        told = await asyncio.gather(*calls, return_exceptions=True)
        await other.execute("rollback")

    assert isinstance(told.pop(3), Unavailable)
    assert told == [0, 1, 2, 4, 5, 6, 7, 8, 9]


async def test_sessions_thrown_out_during_a_batch_are_told_to_all_of_it(postgresql_url):
    async with opened(postgresql_url, size=1) as database, another_session(postgresql_url) as other:
        await other.execute("begin; lock table key_checks in exclusive mode")
        waiting = [asyncio.create_task(note_at_once(database, number)) for number in range(10)]
        await asyncio.sleep(0.2)
        await end_sessions(postgresql_url)
        told = await asyncio.gather(*waiting, return_exceptions=True)
        await other.execute("rollback")

        assert all(isinstance(outcome, Unavailable) for outcome in told)
        assert await count(database) == 0
        assert await note_at_once(database, 1) == 1


async def test_with_plain_statements_nothing_is_done_at_once(postgresql_url):
    async with opened(postgresql_url, combined=False) as database:
        assert database.at_once is None


# --- a server that dies ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    with Cluster(UNTIL_THE_POWER_FAILS) as found:
        yield found


async def test_what_was_answered_survives_the_death_of_the_server(cluster):
    url = cluster.create_database("dies")
    async with opened(url) as database:
        assert await database.transact(noting(1)) == 1
        told = await asyncio.gather(*(note_at_once(database, number) for number in range(2, 50)))
        cluster.kill()
        began = time.monotonic()
        for act in (lambda: database.transact(noting(99)), lambda: note_at_once(database, 99)):
            with pytest.raises(Unavailable):
                await act()
        assert time.monotonic() - began < 1
        await asyncio.to_thread(cluster.start)

        assert await count(database) == 1 + len(told)
        assert await database.transact(noting(99)) == 1


async def test_a_server_that_restarts_is_found_again_without_help(cluster):
    url = cluster.create_database("restarts")
    async with opened(url) as database:
        await asyncio.gather(*(database.transact(noting(number)) for number in range(20)))
        await asyncio.to_thread(cluster.stop)
        with pytest.raises(Unavailable):
            await count(database)
        await asyncio.to_thread(cluster.start)

        assert await asyncio.gather(*(count(database) for _ in range(20))) == [20] * 20


async def test_a_server_that_hangs_is_given_up_in_time_and_found_again(cluster):
    url = cluster.create_database("hangs")
    async with opened(url, patience=0.4) as database:
        await database.transact(noting(1))
        cluster.pause()
        try:
            began = time.monotonic()
            calls: list[Any] = [database.transact(noting(2)) for _ in range(10)]
            calls += [note_at_once(database, 3) for _ in range(10)]
            told = await asyncio.gather(*calls, return_exceptions=True)
            took = time.monotonic() - began
        finally:
            cluster.resume()
        assert all(isinstance(outcome, Unavailable) for outcome in told)
        assert took < 1.5

        assert await count(database) >= 1
        assert await database.transact(noting(4)) == 1
