"""The private PostgreSQL of the tests does what tests rely on, and leaves nothing."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.databases import the_suites_databases
from tests.support.postgresql import UNTIL_THE_POWER_FAILS, Cluster, NoPostgresqlError, programs
from tests.support.tethered import NotStartedError, alive_in


@pytest.fixture(scope="module")
def cluster():
    with Cluster(UNTIL_THE_POWER_FAILS) as found:
        yield found


def test_a_cluster_leaves_no_process_and_no_file():
    with Cluster() as found:
        assert found.psql("select 1") == "1"
        assert alive_in(found.folder)

    assert alive_in(found.folder) == []
    assert not found.folder.exists()


def test_a_cluster_ends_with_whoever_started_it_even_if_that_one_is_killed():
    program = (
        "import os, signal\n"
        "from tests.support.postgresql import Cluster\n"
        "found = Cluster().create()\n"
        "print(found.folder, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    folder = Path(done.stdout.strip())
    assert folder.name.startswith("latchstring-pg-")

    until = time.monotonic() + 10
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not folder.exists()
    assert alive_in(folder) == []


def test_what_was_committed_survives_a_kill(cluster):
    cluster.psql("create table kept (n int); insert into kept values (1)")
    cluster.kill()
    assert not cluster.running
    with pytest.raises(NoPostgresqlError, match="psql failed"):
        cluster.psql("select 1")

    cluster.start()
    assert cluster.psql("select n from kept") == "1"


async def test_a_paused_cluster_answers_once_it_goes_on(cluster):
    cluster.pause()
    asked = asyncio.create_task(asyncio.to_thread(cluster.psql, "select 1"))
    await asyncio.sleep(0.2)
    assert not asked.done()

    cluster.resume()
    assert await asked == "1"


def test_a_cluster_that_cannot_start_says_why(cluster):
    cluster.stop()
    cluster.configure(max_connections="none")
    with pytest.raises(NotStartedError, match="max_connections"):
        cluster.start()
    cluster.configure(max_connections="20")
    cluster.start()
    assert cluster.psql("show max_connections") == "20"


async def prepare(url):
    schema = (
        "create table version as select 7 as n;"
        "create table people (n int generated always as identity, name text);"
    )
    psql = [programs() / "psql", "-Xqc", schema, url]
    await asyncio.to_thread(subprocess.run, psql, check=True)


def name_in(url):
    return url.split("/")[3].split("?")[0]


HARM = [
    "insert into people (name) values ('Alice')",
    "insert into people (name) values ('Bob')",
    "update version set n = 8",
    "delete from version",
    "alter table people add column more text",
    "drop table people",
    "create table another (n int)",
    "create schema mallory",
]


def test_databases_are_lent_empty_and_whole(cluster):
    with the_suites_databases(prepare, "w", str(cluster.sockets)) as databases:
        for harm in HARM:
            with databases.a_database() as url:
                name = name_in(url)
                assert cluster.psql("select n, name from people", name) == ""
                assert cluster.psql("select n from version", name) == "7"
                cluster.psql("insert into people (name) values ('Carol')", name)
                assert cluster.psql("select n, name from people", name) == "1|Carol"
                cluster.psql(harm, name)
        assert databases._made == len(HARM) - 4  # rows are undone, the rest is thrown away

        with databases.a_database() as one, databases.a_database() as other:
            assert one != other


def test_a_database_is_lent_again_though_somebody_is_still_in_it(cluster):
    with the_suites_databases(prepare, "again", str(cluster.sockets)) as databases:
        with databases.a_database() as url:
            left = subprocess.Popen(
                [str(programs() / "psql"), "-Xq", "-c", "begin", "-c", "lock table people",
                 "-c", "\\echo locked", "-c", "select pg_sleep(60)", url],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
            )  # fmt: skip
            assert left.stdout is not None
            assert left.stdout.readline() == "locked\n"
        with databases.a_database() as again:
            assert again == url
            assert cluster.psql("select count(*) from people", name_in(url)) == "0"
        assert "terminating connection" in left.communicate()[1]


def test_a_database_that_its_test_removed_is_not_lent_again(cluster):
    with the_suites_databases(prepare, "gone", str(cluster.sockets)) as databases:
        with databases.a_database() as url:
            cluster.drop_database(name_in(url))
        with databases.a_database() as another:
            assert cluster.psql("select count(*) from people", name_in(another)) == "0"
