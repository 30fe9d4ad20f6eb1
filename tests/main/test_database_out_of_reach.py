"""A database that hangs makes a server not ready, soon; and ready again soon after."""

import secrets
import time
from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.support.postgresql import Cluster
from tests.support.server import Server, a_server

SECONDS = 2.0


@pytest.fixture
def server(tmp_path, cluster: Cluster) -> Iterator[Server]:
    url = cluster.create_database(f"reach_{secrets.token_hex(4)}")
    with a_server(tmp_path, database=url) as found:
        yield found


def status(server: Server, path: str) -> int:
    return httpx2.get(f"{server.url}{path}", trust_env=False, timeout=10).status_code


def seconds_until(condition: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + 20
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.parametrize("trouble", ["hangs", "is gone"])
def test_a_server_without_its_database_says_so_and_comes_back(server, cluster, trouble):
    if trouble == "hangs":
        cluster.pause()
    else:
        cluster.kill()
    try:
        assert seconds_until(lambda: status(server, "/readyz") == 503) < SECONDS + 0.5
        for path in ("/livez", "/.well-known/jwks.json", "/.well-known/openid-configuration"):
            began = time.monotonic()
            assert status(server, path) == 200
            assert time.monotonic() - began < SECONDS
    finally:
        if trouble == "hangs":
            cluster.resume()
        else:
            cluster.start()

    assert seconds_until(lambda: status(server, "/readyz") == 200) < SECONDS + 0.5
    assert server.stop() == 0
