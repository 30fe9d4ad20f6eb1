"""An installation moves between databases of either kind, and every row is proven to have come."""

import asyncio
import tracemalloc
from urllib.parse import urlsplit

import apsw
import asyncpg
import pytest

from latchstring.base.errors import Forbidden, Unavailable
from latchstring.db import copying, postgresql_place, shape, sqlite_place, transfer
from latchstring.db.address import Address
from latchstring.db.backup import back_up
from latchstring.db.copying import Differs
from latchstring.db.migrate import SchemaMismatch
from latchstring.db.opening import open_url
from latchstring.db.postgresql_place import PostgresqlPlace
from latchstring.db.sqlite_place import SqlitePlace
from tests.support.pgbouncer import PgBouncer
from tests.support.postgresql import NO_HURRY_TO_DISK, Cluster
from tests.support.rows import a_filled_database, contents, fill


def url_of(path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def original(tmp_path):
    """A SQLite database with rows in every table."""
    return a_filled_database(tmp_path / "var" / "x.db")


@pytest.fixture(scope="module")
def cluster():
    """A server where nobody keeps a session in the databases that are made."""
    with Cluster(NO_HURRY_TO_DISK) as found:
        yield found


@pytest.fixture
def lone_url(cluster, tmp_path) -> str:
    """The URL of an empty PostgreSQL database that nobody else is connected to."""
    return cluster.create_database(f"lone_{tmp_path.name}")


@pytest.fixture
async def filled(original, lone_url):
    """The URL of a PostgreSQL database with the same rows."""
    await transfer.transfer(url_of(original), lone_url)
    return lone_url


async def execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def test_there_and_back_every_value_is_what_it_was(tmp_path, original, lone_url):
    there = await transfer.transfer(url_of(original), lone_url, hold=True)
    back = await transfer.transfer(lone_url, url_of(tmp_path / "back" / "y.db"), hold=True)
    assert contents(tmp_path / "back" / "y.db") == contents(original)
    assert there == back
    assert there["identifiers"] == 25


async def test_between_two_of_a_kind_it_is_the_same(tmp_path, original, filled, postgresql):
    await transfer.transfer(url_of(original), url_of(tmp_path / "y.db"))
    assert contents(tmp_path / "y.db") == contents(original)
    with postgresql.a_database() as other:
        await transfer.transfer(filled, other)
        await transfer.transfer(other, url_of(tmp_path / "z.db"))
    assert contents(tmp_path / "z.db") == contents(original)


async def test_what_arrives_is_a_database_as_the_program_makes_it(tmp_path, filled):
    await transfer.transfer(filled, url_of(tmp_path / "y.db"))
    connection = apsw.Connection(str(tmp_path / "y.db"))
    assert sqlite_place.lacking(connection) == []
    assert connection.execute("pragma journal_mode").fetchone() == ("delete",)
    assert connection.execute("select timeline from database_timeline").fetchone() == ("",)
    connection.close()


async def test_more_rows_than_fit_into_memory_at_once_come_over(tmp_path, postgresql, monkeypatch):
    """The peak for five times the rows is the same."""
    peaks = []
    for name, count in (("few", 3_000), ("many", 15_000)):
        path = a_filled_database(tmp_path / f"{name}.db", 0)
        connection = apsw.Connection(str(path))
        values = "insert into users values (?, 1, 1, null, null, 0)"
        connection.execute("begin")
        connection.executemany(values, ((f"{n:0200}",) for n in range(count)))
        connection.execute("commit")
        connection.close()
        tracemalloc.start()
        await transfer.transfer(url_of(path), url_of(tmp_path / f"{name}.copy.db"))
        with postgresql.a_database() as url:
            await transfer.transfer(url_of(path), url)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000


@pytest.mark.parametrize("how", ["changed", "lost", "added", "swapped"])
async def test_a_row_that_did_not_come_as_it_was_is_found_and_named(original, filled, how):
    harm = {
        "changed": "update sessions set seen_at = seen_at - 1 where id = 'a''b\"c;--16'",
        "lost": "delete from sessions where id like '%16'",
        "added": "insert into sessions select 'one more', user_id, connection, identifier, amr, "
        "authenticated_at, seen_at, idle_ends_at, ends_at, ended_at, created_at "
        "from sessions where id like '%16'",
        "swapped": "update sessions set id = 'another' where id like '%16'",
    }
    await execute(filled, harm[how])
    told = {
        "changed": "The row a'b\"c;--16 of the table sessions differs.",
        "lost": "Of 25 rows of the table sessions, 24 arrived.",
        "added": "Of 25 rows of the table sessions, 26 arrived.",
        "swapped": "The row another of the table sessions differs.",
    }
    address = Address.of(filled)
    tables = shape.current_tables()
    with sqlite_place.read(original) as file:
        async with postgresql_place.reading(address) as session:
            here, there = SqlitePlace(file), PostgresqlPlace(session)
            with pytest.raises(Differs) as found:
                await copying.compare_rows(here, there, tables)
            with pytest.raises(Differs):
                await copying.compare_rows(there, here, tables)
    assert str(found.value) == told[how]


async def test_what_did_not_come_as_it_was_is_not_kept(
    tmp_path, original, postgresql_url, monkeypatch
):
    async def spoil(source, target, tables):
        for table in tables:
            await target.clear(table)
            async for rows in source.batches(table):
                await target.add(table, rows[1:])

    monkeypatch.setattr(copying, "copy", spoil)
    for target in (postgresql_url, url_of(tmp_path / "y.db")):
        with pytest.raises(Differs):
            await transfer.transfer(url_of(original), target)
    assert not (tmp_path / "y.db").exists()
    monkeypatch.undo()
    await transfer.transfer(url_of(original), postgresql_url)


async def test_a_database_with_anybodys_rows_is_not_written_to(original, filled, tmp_path):
    with pytest.raises(Forbidden, match=r"is not empty: it has rows \(.*25 in users"):
        await transfer.transfer(url_of(original), filled)
    with pytest.raises(Forbidden, match=r"is not empty: it has rows \(.*25 in users"):
        await transfer.require_empty(filled)
    with pytest.raises(Forbidden, match="exists already"):
        await transfer.transfer(filled, url_of(original))
    with pytest.raises(Forbidden, match="exists already"):
        await transfer.require_empty(url_of(original))
    await transfer.require_empty(url_of(tmp_path / "y.db"))


async def test_a_database_that_never_had_our_tables_gets_them(original, postgresql_url):
    await execute(postgresql_url, "drop owned by current_user cascade")
    await transfer.require_empty(postgresql_url)
    await execute(
        postgresql_url, "create table somebodys (n int); insert into somebodys values (1)"
    )
    assert (await transfer.transfer(url_of(original), postgresql_url))["users"] == 25


async def test_nobody_else_writes_to_the_source_meanwhile(original, filled):
    async with transfer.reading(url_of(original), hold=True):
        other = apsw.Connection(str(original))
        with pytest.raises(apsw.BusyError):
            other.execute("update users set sign_ins = 1")
        other.close()
    async with transfer.reading(filled, hold=True):
        with pytest.raises(asyncpg.LockNotAvailableError):
            await execute(filled, "set lock_timeout = 50; update users set sign_ins = 1")


async def test_a_source_that_somebody_writes_to_is_refused(original, filled, monkeypatch):
    monkeypatch.setattr(sqlite_place, "_PATIENCE_MILLISECONDS", 20)
    other = apsw.Connection(str(original))
    other.execute("begin immediate")
    with pytest.raises(Unavailable, match="Another program is writing"):
        async with transfer.reading(url_of(original), hold=True):
            pass
    other.close()

    monkeypatch.setattr(
        postgresql_place, "_PATIENT", postgresql_place._PATIENT.replace("'5s'", "'50ms'")
    )
    writer = await asyncpg.connect(filled)
    await writer.execute("begin; update users set sign_ins = 1")
    with pytest.raises(Unavailable, match="cannot be used: canceling statement due to lock"):
        async with transfer.reading(filled, hold=True):
            pass
    await writer.close()


async def test_a_source_with_a_server_on_it_is_refused(original, filled):
    again = transfer.held_alone(url_of(original))
    with (
        transfer.held_alone(url_of(original), filled),
        pytest.raises(Unavailable, match="Another server is running"),
    ):
        again.__enter__()
    named = {"application_name": "latchstring"}
    server = await asyncpg.connect(filled, server_settings=named)
    other = await asyncpg.connect(filled)
    told = (
        r"Somebody else is connected to the database .* "
        r"\(2 sessions: unnamed of \w+, latchstring of \w+\): stop every server and worker first"
    )
    with pytest.raises(Unavailable, match=told):
        async with transfer.reading(filled, hold=True):
            pass
    async with transfer.reading(filled):  # a backup bears with it
        pass
    await server.close()
    await other.close()


async def test_a_session_that_is_just_ending_refuses_nobody(filled):
    server = await asyncpg.connect(filled)
    asyncio.get_running_loop().call_later(0.1, server.terminate)
    async with transfer.reading(filled, hold=True):
        pass


async def test_a_server_behind_a_pooler_is_seen_by_a_move(cluster, filled, tmp_path):
    there = url_of(tmp_path / "y.db")
    with PgBouncer(cluster, pool=2) as pooler:
        pooled = pooler.url(urlsplit(filled).path.strip("/"))
        server = await open_url(f"{pooled}&pooler=transaction")
        with pytest.raises(Unavailable, match=r"\(\d sessions?: .*pause or stop a pooler"):
            await transfer.transfer(filled, there, hold=True)
        await server.close()
        pooler.tell("PAUSE")
        await transfer.transfer(filled, there, hold=True)


async def test_a_source_of_another_version_is_refused(original, filled, tmp_path):
    newer = "insert into schema_migrations values (9999, 'later', 'x', 0, true)"
    older = "delete from schema_migrations where number > 2"
    for harm, error, told in (
        (older, Unavailable, "is of an older version: migrate it first"),
        (newer, SchemaMismatch, "has migration 9999: the newer version that made it must do this"),
    ):
        connection = apsw.Connection(str(original))
        connection.execute(harm)
        connection.close()
        await execute(filled, harm)
        for url in (url_of(original), filled):
            with pytest.raises(error, match=told):
                await transfer.transfer(url, url_of(tmp_path / "y.db"))


async def test_text_that_postgresql_does_not_take_is_told_with_its_row(original, postgresql_url):
    connection = apsw.Connection(str(original))
    connection.execute("update sessions set amr = 'a' || char(0) || 'b' where id like '%16'")
    connection.close()
    with pytest.raises(Forbidden) as refused:
        await transfer.transfer(url_of(original), postgresql_url)
    assert str(refused.value).startswith(
        "PostgreSQL does not take a row of the table sessions (a'b\"c;--16): invalid byte sequence"
    )


async def test_a_value_of_another_type_is_told(original, postgresql_url):
    connection = apsw.Connection(str(original))
    connection.execute("update sessions set seen_at = 'yesterday' where id like '%16'")
    connection.close()
    with pytest.raises(Forbidden, match="does not take a row of the table sessions"):
        await transfer.transfer(url_of(original), postgresql_url)


async def test_a_server_that_breaks_off_is_told_without_a_word_of_its_rows(
    original, filled, tmp_path, monkeypatch
):
    async def break_off(source, target, tables):
        await execute(
            filled,
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = "
            "current_database() and usename = current_user and pid <> pg_backend_pid()",
        )
        await source.count(tables[0])

    monkeypatch.setattr(copying, "copy", break_off)
    with pytest.raises(Unavailable, match="cannot be used: "):
        await transfer.transfer(filled, url_of(tmp_path / "y.db"))
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


async def test_a_backup_of_a_server_holds_what_that_holds(tmp_path, original, filled):
    counts = await back_up(filled, tmp_path / "b.db")
    assert contents(tmp_path / "b.db") == contents(original)
    assert counts["schema_migrations"] > 0
    connection = apsw.Connection(str(tmp_path / "b.db"))
    assert sqlite_place.lacking(connection) == []
    connection.close()


async def test_a_backup_of_a_server_is_one_moment_of_it(tmp_path, filled, monkeypatch):
    copy = copying.copy

    async def meanwhile(source, target, tables):
        await source.count(tables[0])
        await execute(filled, "delete from messages; update users set sign_ins = 77")
        await copy(source, target, tables)

    monkeypatch.setattr(copying, "copy", meanwhile)
    await back_up(filled, tmp_path / "b.db")
    kept = contents(tmp_path / "b.db")
    assert len(kept["messages"]) == 25
    assert not any(77 in row for row in kept["users"])


async def test_a_server_of_an_older_version_is_backed_up_as_it_is(tmp_path, postgresql_url):
    """Whoever is about to bring it up to date wants one before that."""
    await execute(
        postgresql_url,
        "drop table database_timeline; delete from schema_migrations where number > 2;"
        "insert into users values ('alice', 1, 1, null, null, 0)",
    )
    await back_up(postgresql_url, tmp_path / "b.db")
    connection = apsw.Connection(str(tmp_path / "b.db"))
    assert sqlite_place.lacking(connection)[0].number == 3
    assert connection.execute("select id from users").fetchall() == [("alice",)]
    connection.close()


async def test_a_server_without_our_tables_is_not_backed_up(tmp_path, postgresql_url):
    await execute(postgresql_url, "drop owned by current_user cascade")
    with pytest.raises(Forbidden, match="is not one of this program"):
        await back_up(postgresql_url, tmp_path / "b.db")
    assert list(tmp_path.iterdir()) == []


async def test_it_works_through_a_pooler_that_gives_each_transaction_another_session(
    cluster, tmp_path, original
):
    with PgBouncer(cluster, pool=2) as pooler:
        cluster.create_database("house")
        url = f"{pooler.url('house')}&pooler=transaction"
        await transfer.transfer(url_of(original), url, hold=True)
        await transfer.transfer(url, url_of(tmp_path / "y.db"), hold=True)
    assert contents(tmp_path / "y.db") == contents(original)


async def test_a_table_of_one_batch_more_is_whole(tmp_path, postgresql_url, monkeypatch):
    monkeypatch.setattr(postgresql_place, "BATCH", 10)
    monkeypatch.setattr(sqlite_place, "BATCH", 10)
    path = a_filled_database(tmp_path / "x.db", 0)
    connection = apsw.Connection(str(path))
    fill(connection, 31)
    connection.close()
    await transfer.transfer(url_of(path), postgresql_url)
    await transfer.transfer(postgresql_url, url_of(tmp_path / "y.db"))
    assert contents(tmp_path / "y.db") == contents(path)
