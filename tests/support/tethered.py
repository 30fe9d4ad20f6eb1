"""A temporary folder for servers: it and every process that works in it end with whoever asked.

A second process holds the other end of a pipe. Whatever ends the first one, ``kill -9`` included,
closes the pipe, and then the second one sweeps. A server belongs to a folder by its working
directory, which PostgreSQL's children share; no process id is kept that could be somebody else's.
"""

import atexit
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

LONGEST_SOCKET_PATH = 100
"""``sun_path`` has room for 107 bytes (unix(7))."""


PATIENCE = 30.0
"""Seconds to start or stop; the machine may be busy with the other tests."""


class NotStartedError(RuntimeError):
    """A server did not start; the message has its log."""


class As(TypedDict, total=False):
    """Arguments of ``subprocess`` that make a program run as an ordinary user."""

    user: int
    group: int
    extra_groups: list[int]


def as_an_ordinary_user() -> As:
    """Whom to run a server as: oneself, but for root somebody without rights."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    found = names.get("postgres") or names["nobody"]
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def working_in(folder: Path) -> list[int]:
    """The processes whose working directory is the folder or below it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink().is_relative_to(folder):
                    found.append(int(entry.name))
    return found


def alive_in(folder: Path) -> list[int]:
    """The processes at work in the folder: one that ended has no working directory left."""
    return [pid for pid in working_in(folder) if pid != os.getpid()]


def send(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to each process that still exists."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def tail(log: Path, lines: int = 40) -> str:
    """The end of a log."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def accepts(address: tuple[str, int] | Path) -> bool:
    """Whether somebody listens at a port or a socket file."""
    family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    with socket.socket(family) as found, contextlib.suppress(OSError):
        found.connect(str(address) if isinstance(address, Path) else address)
        return True
    return False


def end_all_in(folder: Path) -> None:
    """Kill until nobody works in the folder; a stopped process dies of it too."""
    while found := alive_in(folder):
        send(found, signal.SIGKILL)
        time.sleep(0.005)


class Tether:
    """A short, private folder whose servers end with this process at the latest."""

    def __init__(self, name: str) -> None:
        path = tempfile.mkdtemp(prefix=f"{name}-")
        if len(path) + len("/sockets/.s.PGSQL.65535") > LONGEST_SOCKET_PATH:
            Path(path).rmdir()
            path = tempfile.mkdtemp(prefix=f"{name}-", dir="/tmp")
        self.folder = Path(path).resolve()
        self._sweeper = subprocess.Popen(
            # Without the site: coverage would measure it and write its data where tests look.
            [sys.executable, "-I", "-S", __file__, self.folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
        )
        self.own(self.folder)
        atexit.register(self.release)

    def start(
        self, command: Sequence[object], log: Path, ready: Callable[[int], bool]
    ) -> subprocess.Popen[bytes]:
        """Start a server as an ordinary user; return when it is ready, or fail with its log."""
        with log.open("ab") as end:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=end,
                stderr=end,
                cwd=self.folder,
                start_new_session=True,
                **as_an_ordinary_user(),
            )
        until = time.monotonic() + PATIENCE
        while not ready(process.pid):
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                process.wait()
                raise NotStartedError(f"{command[0]} did not start:\n{tail(log)}")
            time.sleep(0.01)
        return process

    def own(self, path: Path) -> None:
        """Give a file or folder to the user whom the servers run as."""
        found = as_an_ordinary_user()
        os.chown(path, found.get("user", -1), found.get("group", -1))

    def make_folder(self, name: str) -> Path:
        """Make a private folder for a server."""
        found = self.folder / name
        found.mkdir(mode=0o700)
        self.own(found)
        return found

    def write(self, path: Path, text: str) -> Path:
        """Write a file for a server."""
        path.write_text(text, encoding="utf-8")
        self.own(path)
        return path

    def release(self) -> None:
        """End what works in the folder, remove it, and return when both are done."""
        assert self._sweeper.stdin is not None
        self._sweeper.stdin.close()
        self._sweeper.wait()
        atexit.unregister(self.release)


def _forget_shared_memory(folder: Path) -> None:
    """Remove the block that a killed PostgreSQL left in the kernel and noted in its pid file."""
    for note in folder.glob("*/postmaster.pid"):
        words = note.read_text(encoding="utf-8").splitlines()[6:7]
        if words and words[0].split():
            subprocess.run(["ipcrm", "-m", words[0].split()[1]], check=False, stderr=-3)


def _sweep(folder: Path) -> None:
    sys.stdin.buffer.read()
    end_all_in(folder)
    _forget_shared_memory(folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _sweep(Path(sys.argv[1]))
