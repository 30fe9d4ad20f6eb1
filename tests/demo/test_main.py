"""The demo as a process: it ends with its parent and leaves nothing behind."""

import os
import socket
import subprocess
import sys
import time

from tests.support.ports import free_port


def start(*arguments: str, **variables: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "latchstring_demo", *arguments],
        env=os.environ | variables,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def await_port(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the demo did not start")


def test_it_ends_when_its_parent_goes_away():
    port = free_port()
    where = {
        "ISSUER": "http://127.0.0.1:9/",
        "CLIENT_ID": "demo",
        "BASE_URL": f"http://127.0.0.1:{port}",
    }
    with start("--until-stdin-closes", **where) as process:
        await_port(port)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


def test_it_says_what_it_misses():
    with start(ISSUER="") as process:
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert errors.decode().startswith("latchstring_demo: Set ISSUER")
