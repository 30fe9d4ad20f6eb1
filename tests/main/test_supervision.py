"""Several server processes on one address: alive, each on its own, and gone together."""

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import psutil
import pytest

from latchstring.db.server import _MIGRATING
from tests.support.outside import another_session
from tests.support.ports import free_port
from tests.support.server import Server, a_server

PATIENCE = 15.0
WAITING = """
select count(*) from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())
"""
LIVEZ = 'latchstring_requests_total{route="/livez",status="200"}'


@dataclass
class Node:
    """A server of several processes, seen from outside."""

    server: Server
    metrics_port: int

    @property
    def told(self) -> list[dict[str, Any]]:
        """What the supervisor has logged of its processes."""
        lines = [line for line in self.server.log.splitlines() if '"event":"process_' in line]
        return [json.loads(line) for line in lines]

    @property
    def pids(self) -> dict[int, int]:
        """The process of each number that was ready last."""
        ready = [line for line in self.told if line["event"] == "process_ready"]
        return {line["process"]: line["pid"] for line in ready}

    @property
    def lives(self) -> bool:
        """Whether it answers, on a connection of its own."""
        return httpx2.get(f"{self.server.url}/livez", trust_env=False).status_code == 200

    def count(self, metric: str) -> float:
        """What a metric without labels, or all of its series together, shows."""
        text = httpx2.get(f"http://127.0.0.1:{self.metrics_port}/metrics", trust_env=False).text
        lines = [line for line in text.splitlines() if line.startswith(metric)]
        return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.fixture
def node(tmp_path, postgresql_url) -> Iterator[Node]:
    """Two server processes under a supervisor."""
    port = free_port()
    top = f'workers = 2\ndrain_seconds = 0\nmetrics_listen = "127.0.0.1:{port}"'
    with a_server(tmp_path, database=postgresql_url, top=top) as found:
        node = Node(found, port)
        wait_for(lambda: len(node.pids) == 2)
        yield node


def wait_for(condition: Callable[[], object], within: float = PATIENCE) -> float:
    """Wait for something to come true and return how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + within
        time.sleep(0.01)
    return time.monotonic() - began


def is_gone(pid: int) -> bool:
    """Whether a process has ended; its parent may not have noticed yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_who_crashes_is_replaced_while_the_other_serves(node):
    before = node.pids
    assert all(node.lives for _ in range(10))
    wait_for(lambda: node.count(LIVEZ) == 10)

    os.kill(before[1], signal.SIGKILL)

    assert all(node.lives for _ in range(10))
    assert wait_for(lambda: node.pids[1] != before[1]) < 5
    assert node.pids[0] == before[0]
    assert [line["code"] for line in node.told if line["event"] == "process_ended"] == [-9]
    wait_for(lambda: node.count(LIVEZ) == 20)
    assert node.count("latchstring_restarts_total") == 1


def test_all_end_together_and_cleanly(node):
    assert node.server.stop() == 0

    assert all(is_gone(pid) for pid in node.pids.values())
    with pytest.raises(httpx2.ConnectError):
        assert node.lives


def test_without_their_supervisor_they_leave_the_place_to_the_next(node):
    node.server.kill()

    wait_for(lambda: all(is_gone(pid) for pid in node.pids.values()))
    node.server.start()
    assert node.lives


def test_who_cannot_start_again_is_tried_again_with_patience(node):
    keys, away = node.server.folder / "keys", node.server.folder / "away"
    shutil.move(keys, away)
    before = node.pids

    os.kill(before[0], signal.SIGKILL)

    wait_for(lambda: [line for line in node.told if line["event"] == "process_refused"])
    assert node.lives
    shutil.move(away, keys)
    wait_for(lambda: node.pids[0] != before[0])
    waits = [line["again_in"] for line in node.told if line["event"] == "process_ended"]
    assert waits[0] < waits[1]


@pytest.mark.parametrize("command", ["serve --workers 1", "serve --workers 2", "worker"])
async def test_who_waits_for_anothers_migration_still_obeys(tmp_path, postgresql_url, command):
    with a_server(tmp_path, database=postgresql_url, start=False) as server:
        async with another_session(postgresql_url) as migrating:
            await migrating.execute("drop owned by current_user cascade")
            await migrating.execute(f"select pg_advisory_lock({_MIGRATING})")
            process = server.begin(*command.split())
            await waiting_for_a_lock(migrating)

            process.send_signal(signal.SIGTERM)

            assert await asyncio.to_thread(process.wait, PATIENCE) == 0, server.log
            assert await migrating.fetchval(WAITING) == 0


async def waiting_for_a_lock(session: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await session.fetchval(WAITING):  # noqa: ASYNC110 - somebody else's lock
            await asyncio.sleep(0.01)


def test_where_the_first_cannot_start_all_of_it_ends_with_its_reason(tmp_path, postgresql_url):
    with a_server(tmp_path, database=postgresql_url, start=False) as server:
        assert server.command("migrate").returncode == 0
        assert server.command("users", "list").returncode == 0
        shutil.rmtree(tmp_path / "keys")

        ended = server.command("serve", "--workers", "2")

        assert ended.returncode == 1
        (line,) = ended.stderr.splitlines()
        assert line.startswith("Refused: The key file ")


@pytest.mark.parametrize(
    ("top", "words", "said"),
    [
        ("", ("--workers", "2"), "--workers must be 1 with SQLite"),
        ("workers = 2", (), "workers: must be 1 with SQLite"),
    ],
)
def test_a_file_has_one_server_process(tmp_path, top, words, said):
    with a_server(tmp_path, start=False, top=top) as server:
        ended = server.command("serve", *words)

        assert ended.returncode == 2
        assert said in ended.stderr
        assert not (tmp_path / "var").exists()
