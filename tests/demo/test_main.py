"""The demo as a process: it ends with its parent and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

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


def where_it_is(port: int) -> dict[str, str]:
    return {
        "ISSUER": "http://127.0.0.1:9/",
        "CLIENT_ID": "demo",
        "BASE_URL": f"http://127.0.0.1:{port}",
    }


def test_it_ends_when_its_parent_goes_away():
    port = free_port()
    with start("--until-stdin-closes", **where_it_is(port)) as process:
        await_port(port)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


def test_ctrl_c_ends_it_without_a_word():
    port = free_port()
    with start(**where_it_is(port)) as process:
        await_port(port)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.parametrize("number", ["99", "-1"])
def test_what_is_no_socket_is_told(number):
    with start(f"--socket={number}", **where_it_is(free_port())) as process:
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors.decode()) == (
        2,
        f"latchstring_demo: {number} is no socket\n",
    )


def test_it_says_what_it_misses():
    with start(ISSUER="") as process:
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert errors.decode().startswith("latchstring_demo: Set ISSUER")
