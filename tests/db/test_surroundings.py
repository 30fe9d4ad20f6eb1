"""What the tests put around nodes: a standby, a pooler, a balancer, a wrong clock."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import pytest

from tests.support.balancer import Balancer
from tests.support.faketime import FakeTime
from tests.support.pgbouncer import PgBouncer
from tests.support.postgresql import UNTIL_THE_POWER_FAILS, Cluster, NoPostgresqlError
from tests.support.standby import Standby, timeline


@pytest.fixture(scope="module")
def primary():
    with Cluster(UNTIL_THE_POWER_FAILS, tcp=True) as found:
        yield found


def test_a_synchronous_standby_has_all_that_was_answered(primary):
    primary.psql("create table answered (n int)")
    with Standby(primary, synchronous=True) as standby:
        primary.psql("insert into answered values (1)")
        primary.kill()
        with pytest.raises(NoPostgresqlError, match="read-only"):
            standby.cluster.psql("insert into answered values (2)")

        standby.promote()
        assert standby.cluster.psql("select n from answered") == "1"
        standby.cluster.psql("insert into answered values (2)")
        assert timeline(standby.cluster) == 2
        assert "@127.0.0.1:" in standby.cluster.tcp_url()
        assert standby.cluster.run("psql", "-XqtAc", "select 1", standby.cluster.tcp_url()) == "1"
    primary.configure(synchronous_standby_names="")
    primary.start()


def test_an_asynchronous_standby_loses_what_it_did_not_receive(primary):
    primary.psql("create table sent (n int)")
    with Standby(primary, synchronous=False) as standby:
        primary.psql("insert into sent values (1)")
        standby.catch_up()

        standby.pause_replay()
        primary.psql("insert into sent values (2)")
        assert standby.cluster.psql("select max(n) from sent") == "1"
        standby.resume_replay()
        standby.catch_up()
        assert standby.cluster.psql("select max(n) from sent") == "2"

        standby.stop_receiving()
        primary.psql("insert into sent values (3)")
        standby.promote()
        assert standby.cluster.psql("select max(n) from sent") == "2"


def test_behind_pgbouncer_two_transactions_may_be_two_sessions(primary):
    with PgBouncer(primary, pool=1) as pooler:
        url = pooler.url("postgres")
        pids = [
            primary.run("psql", "-XqtAc", "select pg_backend_pid()", url) for _client in range(2)
        ]
        assert pids[0] == pids[1]
        assert "transaction" in pooler.tell("show pools")


class Node:
    """Answers with its name, and is ready or not."""

    def __init__(self, name):
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if outer.ready or self.path != "/readyz" else 503)
                self.send_header("Content-Length", str(len(name)))
                self.end_headers()
                self.wfile.write(name.encode())

            def log_message(self, *_):
                pass

        self.ready = True
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.port = self.server.server_address[1]


@contextmanager
def nodes(*names):
    found = [Node(name) for name in names]
    threads = [threading.Thread(target=node.server.serve_forever, args=(0.01,)) for node in found]
    for thread in threads:
        thread.start()
    yield found
    for node, thread in zip(found, threads, strict=True):
        node.server.shutdown()
        node.server.server_close()
        thread.join()


def asked(balancer):
    with urlopen(f"{balancer.url}/", timeout=5) as answer:  # noqa: S310 - our own
        return answer.read().decode()


def test_a_balancer_leaves_out_a_node_that_is_not_ready():
    with nodes("Alice", "Bob") as (alice, bob), Balancer([alice.port, bob.port]) as balancer:
        balancer.until(node1="UP", node2="UP")
        assert {asked(balancer) for _ in range(4)} == {"Alice", "Bob"}

        alice.ready = False
        balancer.until(node1="DOWN")
        assert {asked(balancer) for _ in range(4)} == {"Bob"}

        alice.ready = True
        balancer.until(node1="UP")
        balancer.set_state("node2", "maint")
        balancer.until(node2="MAINT")
        assert {asked(balancer) for _ in range(4)} == {"Alice"}


def test_a_tcp_balancer_goes_to_the_second_once_the_first_is_gone(primary):
    with Cluster(UNTIL_THE_POWER_FAILS, tcp=True) as other:
        with Balancer([primary.port, other.port], mode="tcp", interval=50) as balancer:
            url = primary.tcp_url(port=balancer.port)
            assert primary.run("psql", "-XqtAc", "select 1", url) == "1"
            primary.stop()
            balancer.until(node1="DOWN", node2="UP")
            with pytest.raises(NoPostgresqlError, match="password authentication failed"):
                other.run("psql", "-XqtAc", "select 1", url)
        primary.start()


LOOK = """
import json, sys, time
for _line in sys.stdin:
    time.sleep(0.05)
    print(json.dumps([time.time(), time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME)]))
    sys.stdout.flush()
"""


def test_a_wall_clock_is_off_and_jumps_while_the_others_stay_right():
    with FakeTime(shift=-90) as fake:
        process = subprocess.Popen(
            [sys.executable, "-c", LOOK],
            env=os.environ | fake.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        for shift in (-90, 3600, -3600, 0):
            fake.jump(shift)
            process.stdin.write("\n")
            process.stdin.flush()
            wall, monotonic, since_boot = json.loads(process.stdout.readline())
            assert wall - time.time() == pytest.approx(shift, abs=5)
            assert monotonic == pytest.approx(time.monotonic(), abs=5)
            assert since_boot == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=5)
        process.communicate()
