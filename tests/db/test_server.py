"""A PostgreSQL server that cannot keep what is promised is refused in one sentence."""

import asyncio
import socket
import sys
import time
from dataclasses import replace

import asyncpg
import pytest

from latchstring.base.errors import Unavailable
from latchstring.db import database, migrate, server
from latchstring.db.address import Address
from latchstring.db.opening import open_url
from tests.support.outside import another_session, seen_from_outside
from tests.support.postgresql import UNTIL_THE_POWER_FAILS, Cluster

TABLES = "select count(*) from pg_tables where schemaname = 'public'"
HERE = Address.of("postgresql://latch:hush@db.example/latchstring?sslmode=require")


class FakeServer:
    """Answers ``show`` as a server with these settings."""

    def __init__(self, **settings: str) -> None:
        usual = {
            "server_version_num": "150004",
            "synchronous_commit": "on",
            "server_encoding": "UTF8",
        }
        self.settings = {**usual, **settings}

    async def fetchval(self, query: str) -> str:
        return self.settings[query.removeprefix("show ")]


async def refusal(**settings: str) -> str:
    with pytest.raises(Unavailable) as refused:
        await server.check(FakeServer(**settings), HERE)
    return str(refused.value)


async def test_a_usual_server_is_taken():
    await server.check(FakeServer(), HERE)
    await server.check(FakeServer(server_version_num="130000"), HERE)
    for level in ("local", "remote_write", "remote_apply"):
        await server.check(FakeServer(synchronous_commit=level), HERE)


async def test_one_that_is_too_old_is_refused():
    told = await refusal(server_version_num="120017")
    assert told == "The database latchstring at db.example:5432 is older than PostgreSQL 13."


async def test_one_that_forgets_what_it_acknowledged_is_refused():
    assert "has synchronous_commit = off. Set it to on." in await refusal(synchronous_commit="off")


async def test_one_that_does_not_keep_every_letter_is_refused():
    assert (await refusal(server_encoding="SQL_ASCII")).endswith("is not in UTF8.")


# --- real ones ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    with Cluster(UNTIL_THE_POWER_FAILS, tcp=True) as found:
        yield found


async def sentence(url: str) -> str:
    with pytest.raises(Unavailable) as refused:
        await open_url(url)
    return str(refused.value)


async def test_a_database_that_forgets_is_refused_before_anything_is_made_in_it(cluster):
    url = cluster.create_database("forgets")
    cluster.psql("alter database forgets set synchronous_commit = off")

    assert "has synchronous_commit = off" in await sentence(url)
    assert await seen_from_outside(url, TABLES) == [(0,)]


async def test_a_database_in_another_encoding_is_refused(cluster):
    cluster.psql("create database old owner latchstring encoding 'LATIN1' template template0")

    assert (await sentence(cluster.url("old"))).endswith("is not in UTF8.")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"database": "nothing"}, 'database "nothing" does not exist'),
        ({"user": "nobody"}, 'password authentication failed for user "nobody"'),
        ({"password": "a wrong password"}, 'password authentication failed for user "latchstring"'),
        ({"port": 9}, "Connect call failed|Connection refused"),
        ({"ssl": "require"}, "rejected SSL upgrade"),
    ],
)
async def test_a_server_that_lets_nobody_in_is_told_without_the_password(cluster, change, reason):
    address = replace(Address.of(cluster.tcp_url()), **change)
    with pytest.raises(Unavailable, match=reason) as refused:
        await server.connect(address)

    told = str(refused.value) + str(refused.value.detail)
    assert str(refused.value).startswith(f"The database {address} cannot be reached: ")
    assert cluster.password not in told
    assert "a wrong password" not in told


async def test_a_socket_that_is_not_there_is_told(tmp_path):
    told = await sentence(f"postgresql://latchstring@/x?host={tmp_path}")
    assert f"The database x at {tmp_path}:5432 cannot be reached: " in told


async def test_a_server_that_says_nothing_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr(server, "CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        told = await sentence(f"postgresql://latchstring@127.0.0.1:{port}/x")

    assert time.monotonic() - began < 2
    assert told.endswith("cannot be reached: it does not answer.")


async def test_a_session_is_ours_by_name_and_gives_up_in_time(cluster):
    connection = await server.connect(Address.of(cluster.url(cluster_database(cluster))), 1.5)
    found = [
        await connection.fetchval(f"show {name}")
        for name in ("application_name", "statement_timeout", "client_encoding")
    ]
    connection.terminate()
    assert found == ["latchstring", "1500ms", "UTF8"]


def cluster_database(cluster) -> str:
    cluster.drop_database("anything")
    cluster.create_database("anything")
    return "anything"


# --- the schema --------------------------------------------------------------------------------

OPEN = """
import asyncio, sys
from latchstring.db.opening import open_url

async def main():
    await (await open_url(sys.argv[1])).close()

asyncio.run(main())
"""


async def test_of_nodes_that_start_at_once_one_brings_the_schema_up_to_date(cluster):
    url = cluster.create_database("new")
    command = [sys.executable, "-c", OPEN, url]
    nodes = [
        await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        for _ in range(3)
    ]
    told = [(await node.communicate())[1] for node in nodes]

    assert [node.returncode for node in nodes] == [0, 0, 0]
    assert told == [b"", b"", b""]
    applied = await seen_from_outside(url, "select number from schema_migrations order by number")
    assert [number for (number,) in applied] == [found.number for found in migrate.known()]


async def test_many_sessions_that_migrate_at_once_apply_each_migration_once(cluster):
    address = Address.of(cluster.create_database("crowded"))
    sessions = await asyncio.gather(*(server.connect(address) for _ in range(8)))
    applied = await asyncio.gather(*(server.bring_up_to_date(found) for found in sessions))
    for session in sessions:
        session.terminate()

    assert sorted(map(len, applied)) == [0] * 7 + [len(migrate.known())]


async def test_a_migration_that_fails_leaves_nothing_of_itself_or_of_others(cluster, monkeypatch):
    url = cluster.create_database("half")
    text = "create table x (n int); select 1 / 0"
    broken = migrate.Migration(9998, "broken", text)
    monkeypatch.setattr(migrate, "known", lambda known=migrate.known: [*known(), broken])
    connection = await server.connect(Address.of(url))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await server.bring_up_to_date(connection)
    connection.terminate()

    assert await seen_from_outside(url, TABLES) == [(0,)]


async def test_a_migration_waits_for_a_table_without_holding_anybody_up(cluster, monkeypatch):
    monkeypatch.setattr(server, "_TABLE_PAUSE_SECONDS", 0.2)
    url = cluster.create_database("held")
    await (await open_url(url)).close()
    text = "alter table users add column more bigint not null default 0"
    wider = migrate.Migration(9998, "wider", text)
    monkeypatch.setattr(migrate, "known", lambda known=migrate.known: [*known(), wider])
    connection = await server.connect(Address.of(url))
    async with another_session(url) as backup:
        await backup.execute("begin isolation level repeatable read, read only")
        await backup.execute("select count(*) from users")
        migrating = asyncio.create_task(server.bring_up_to_date(connection))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        assert await seen_from_outside(url, "select count(*) from users") == [(0,)]
        assert time.monotonic() - began < 2
        await asyncio.sleep(0.6)
        assert not migrating.done()
        await backup.execute("commit")

    assert await migrating == [wider]
    connection.terminate()


async def test_who_waits_behind_a_migration_has_time_for_more(cluster, monkeypatch):
    url = cluster.create_database("noting")
    await (await open_url(url)).close()
    note = "create table noted as select setting from pg_settings where name = 'lock_timeout'"
    noting = migrate.Migration(9998, "noting", note)
    monkeypatch.setattr(migrate, "known", lambda known=migrate.known: [*known(), noting])
    await (await open_url(url)).close()

    [(milliseconds,)] = await seen_from_outside(url, "select setting from noted")
    monkeypatch.undo()  # the tests' patience
    assert 0 < int(milliseconds) / 1000 <= database.ANOTHER_WAIT_SECONDS / 2


async def test_a_table_that_is_never_let_go_is_told(cluster, monkeypatch):
    monkeypatch.setattr(server, "_TABLE_TRIES", 1)
    url = cluster.create_database("kept")
    await (await open_url(url)).close()
    wider = migrate.Migration(9998, "wider", "alter table users add column more bigint")
    monkeypatch.setattr(migrate, "known", lambda known=migrate.known: [*known(), wider])
    async with another_session(url) as other:
        await other.execute("begin; lock table users in access share mode")
        assert "somebody holds a table of it" in await sentence(url)


async def test_a_database_of_a_newer_program_is_told(cluster):
    url = cluster.create_database("newer")
    await (await open_url(url)).close()
    async with another_session(url) as owner:
        await owner.execute("insert into schema_migrations values (9999, 'later', 'x', 0, false)")

    assert "which this version does not know" in await sentence(url)


async def test_a_way_that_is_gone_is_noticed_though_nobody_waits_for_a_statement(cluster):
    connection = await server.connect(Address.of(cluster.tcp_url()))
    way = connection._transport.get_extra_info("socket")
    try:
        assert way.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        idle, between, questions = (
            way.getsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_KEEP{name}"))
            for name in ("IDLE", "INTVL", "CNT")
        )
        assert idle + between * questions <= 20
    finally:
        await connection.close()
