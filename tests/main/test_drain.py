"""A server that is told to stop says so at once, serves on for a while, and ends cleanly."""

import signal
import time

import httpx2
import pytest

from tests.support.server import Server, a_server


@pytest.fixture
def server(tmp_path):
    with a_server(tmp_path, top="drain_seconds = 30") as found:
        yield found


def ask(server: Server, path: str) -> httpx2.Response:
    return httpx2.get(f"{server.url}{path}", trust_env=False)


def test_it_is_not_ready_at_once_and_answers_until_it_is_hurried(server):
    assert server.process is not None
    with httpx2.Client(trust_env=False) as kept:
        assert "connection" not in kept.get(f"{server.url}/livez").headers

        server.process.send_signal(signal.SIGTERM)
        while ask(server, "/readyz").status_code == 200:
            time.sleep(0.005)

        for path in ("/livez", "/.well-known/jwks.json", "/help"):
            found = ask(server, path)
            assert (found.status_code, found.headers["connection"]) == (200, "close")
        assert kept.get(f"{server.url}/livez").headers["connection"] == "close"
    assert server.process.poll() is None

    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(10) == 0


def test_it_ends_by_itself_when_its_time_is_over(tmp_path):
    with a_server(tmp_path, top="drain_seconds = 1") as server:
        began = time.monotonic()

        assert server.stop() == 0
        assert 1 <= time.monotonic() - began < 10
