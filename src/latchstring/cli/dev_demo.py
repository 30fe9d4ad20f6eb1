"""The demo application as a process of its own, which ends when `dev` ends, however it ends."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from latchstring.base.settings import environment

GRACE_SECONDS = 3.0


class DemoProcess(msgspec.Struct, frozen=True):
    """The running demo, as far as `dev` asks after it."""

    process: subprocess.Popen[bytes]
    port: int

    def is_gone(self) -> bool:
        """Tell whether it has ended by itself."""
        return self.process.poll() is not None

    def answers(self) -> bool:
        """Tell whether its port takes connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
        except OSError:
            return False
        return True


@contextmanager
def running_demo(variables: Mapping[str, str], port: int) -> Iterator[DemoProcess]:
    """Start the demo application and end it when the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "latchstring_demo", "--until-stdin-closes"],
        env={**inherited(), **variables},
        stdin=subprocess.PIPE,
        # A Ctrl-C at the terminal is for `dev`, which ends the demo in its turn.
        start_new_session=True,
    )
    try:
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
