"""The demo application as a process of its own, which ends when `dev` ends, however it ends."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

import msgspec

from latchstring.base.settings import environment
from latchstring.cli.dev_ports import LOOPBACK, port_of

GRACE_SECONDS = 3.0


class DemoProcess(msgspec.Struct, frozen=True):
    """The running demo, as far as `dev` asks after it."""

    process: subprocess.Popen[bytes]
    port: int

    def is_gone(self) -> bool:
        """Tell whether it has ended by itself."""
        return self.process.poll() is not None

    def answers(self) -> bool:
        """Tell whether it answers requests; its port takes connections before."""
        connection = HTTPConnection(LOOPBACK, self.port, timeout=1)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
        return True


@contextmanager
def running_demo(variables: Mapping[str, str], sock: socket.socket) -> Iterator[DemoProcess]:
    """Start the demo application at a listening socket, end it when the block is left."""
    here = ["--until-stdin-closes", "--socket", str(sock.fileno())]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "latchstring_demo", *here],
        pass_fds=[sock.fileno()],
        env={**inherited(), **variables},
        stdin=subprocess.PIPE,
        # A Ctrl-C at the terminal is for `dev`, which ends the demo in its turn.
        start_new_session=True,
    )
    try:
        with sock:  # it is the demo's: should that end, nobody answers there any more
            port = port_of(sock)
        yield DemoProcess(process, port)
    finally:
        _end(process)


def inherited() -> dict[str, str]:
    """Return the variables a child may keep: ours may hold secrets, and it is a stranger."""
    return {k: v for k, v in environment().items() if not k.startswith("LATCHSTRING_")}


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
