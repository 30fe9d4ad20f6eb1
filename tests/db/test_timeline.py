"""R-12: a database that another server took over has another history, and a standby has none."""

import asyncpg
import pytest
from structlog.testing import capture_logs

from latchstring.base.errors import Unavailable
from latchstring.db import postgresql, statements, timeline
from latchstring.db.address import Address
from latchstring.db.opening import open_url
from latchstring.db.postgresql import PostgresqlDatabase
from latchstring.db.timeline import timeline_of
from latchstring.flows.notice_failover import NoticeFailover
from tests.support.clock import FixedClock
from tests.support.house import START_OF_TIME
from tests.support.postgresql import Cluster
from tests.support.standby import Standby

NOTHING = statements.parse("""
-- nothing --
-- Nobody.
select 1 from users where id = 'nobody'
""")["nothing"]


async def history_of(url: str) -> str | None:
    connection = await asyncpg.connect(url)
    try:
        return await timeline_of(connection)
    finally:
        await connection.close()


async def notice(url: str) -> bool:
    """Do what the program does with a new session."""
    database = await open_url(url)
    flow = NoticeFailover(FixedClock(START_OF_TIME))
    name = await history_of(url)
    assert name is not None
    try:
        return await database.transact(lambda tx: flow(tx, name))
    finally:
        await database.close()


async def test_a_promoted_standby_is_noticed_once_and_while_it_follows_it_is_not_used():
    with Cluster({"wal_level": "replica"}) as primary:
        url = primary.create_database("house")
        assert await notice(url) is False
        with Standby(primary, synchronous=False) as standby:
            standby.catch_up()
            there = standby.cluster.url("house")
            with pytest.raises(Unavailable, match="is a standby"):
                await history_of(there)
            before = await history_of(url)
            primary.kill()
            standby.promote()
            assert await history_of(there) != before
            assert await notice(there) is True
            assert await notice(there) is False


async def test_a_dump_that_is_loaded_is_another_database(postgresql, postgresql_url):
    with postgresql.a_database() as other:
        assert await history_of(other) != await history_of(postgresql_url)
    assert await history_of(postgresql_url) == await history_of(postgresql_url)


async def test_an_engine_without_such_a_log_says_nothing(postgresql_url):
    connection = await asyncpg.connect(postgresql_url)

    class Other:
        async def fetchval(self, _: str) -> object:
            return await connection.fetchval("select pg_no_such_function()")

    assert await timeline_of(Other()) is None
    await connection.close()


async def test_who_may_not_look_is_told_once_that_a_failover_would_go_unnoticed(postgresql_url):
    connection = await asyncpg.connect(postgresql_url)

    class Forbidding:
        async def fetchval(self, _: str) -> object:
            return await connection.fetchval("select pg_read_file('postgresql.conf')")

    timeline._warn_once.cache_clear()
    with capture_logs() as log:
        assert await timeline_of(Forbidding()) is None
        assert await timeline_of(Forbidding()) is None
    assert [line["event"] for line in log] == ["database_history_unknown"]
    await connection.close()


async def test_of_two_servers_at_once_the_one_left_behind_lends_no_session(
    postgresql_url, monkeypatch
):
    answers = ["old", "new"]  # the session's own, and that of the one which tells of it
    told = []

    async def scripted(_connection: object) -> str:
        return answers.pop(0) if answers else "new"

    async def tell(_tx: object, name: str) -> None:
        told.append(name)

    monkeypatch.setattr(postgresql, "timeline_of", scripted)
    database = PostgresqlDatabase(Address.of(postgresql_url), 2, tell)

    with pytest.raises(Unavailable):
        await database.open()
    await database.open()

    assert await database.read(lambda tx: tx.one(NOTHING, int, {})) is None
    assert told == ["new"]
    await database.close()
