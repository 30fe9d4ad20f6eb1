"""The private PostgreSQL of the tests does what tests rely on, and leaves nothing."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.databases import the_suites_databases
from tests.support.postgresql import Cluster, NoPostgresqlError, programs
from tests.support.tethered import alive_in


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as found:
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
    with pytest.raises(NoPostgresqlError, match="max_connections"):
        cluster.start()
    cluster.configure(max_connections="20")
    cluster.start()
    assert cluster.psql("show max_connections") == "20"


def test_databases_are_lent_empty_and_whole(cluster):
    async def prepare(url):
        schema = (
            "create table version as select 7 as n;"
            "create table people (n int generated always as identity, name text);"
        )
        psql = [programs() / "psql", "-Xqc", schema, url]
        await asyncio.to_thread(subprocess.run, psql, check=True)

    def names(url):
        return cluster.psql("select n, name from people", url.split("/")[3].split("?")[0])

    def execute(url, sql):
        cluster.psql(sql, url.split("/")[3].split("?")[0])

    with the_suites_databases(prepare, str(cluster.sockets), "w") as databases:
        for harm in (
            "insert into people (name) values ('Alice')",
            "insert into people (name) values ('Bob')",
            "update version set n = 8",
            "alter table people add column more text",
            "drop table people",
            "create table another (n int)",
            "create schema mallory",
        ):
            with databases.a_database() as url:
                assert names(url) == ""
                execute(url, "insert into people (name) values ('Carol')")
                assert names(url) == "1|Carol"
                execute(url, harm)
        with databases.a_database() as one, databases.a_database() as other:
            assert one != other
        assert databases._made == 7
