"""Servers as processes: started, timed to their first answer, weighed, and stopped."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.plan import BenchFailed

_PATIENCE = 20.0
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Tree:
    """A process and its descendants."""

    pid: int

    def cpu(self) -> float:
        """Return the seconds of CPU used so far, user and system, also by those that ended."""
        times = self._each(lambda found: found.cpu_times())
        return float(sum(t.user + t.system + t.children_user + t.children_system for t in times))

    def memory(self) -> float:
        """Return the proportional set size, in MiB."""
        return float(sum(self._each(lambda found: found.memory_full_info().pss))) / _MIB

    def _each(self, read: Callable[[psutil.Process], Any]) -> list[Any]:
        root = psutil.Process(self.pid)
        while True:
            try:
                return [read(found) for found in (root, *root.children(recursive=True))]
            except psutil.NoSuchProcess as gone:
                # A child that ended meanwhile: its CPU is in its parent's account now.
                if gone.pid == self.pid:
                    raise


@dataclass(slots=True)
class Server:
    """One server: its command, and its process while it runs."""

    command: Sequence[str]
    port: int
    ready: str
    """A path that is answered with 200, or 401, as soon as people can sign in."""
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it and return how many seconds passed until its first answer."""
        own = {k: v for k, v in os.environ.items() if not k.startswith("LATCHSTRING_")}
        with self.log.open("ab") as log:
            began = time.perf_counter()
            self._process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                env={**own, **self.environment},
                cwd=self.folder,
            )
        while not self._is_ready():
            taken = time.perf_counter() - began
            if self._process.poll() is not None or taken > _PATIENCE:
                raise BenchFailed(f"{self.command[0]} does not start: {self.last_words()}")
            time.sleep(0.005)
        return time.perf_counter() - began

    def stop(self) -> None:
        """Ask it to stop, and insist after a while."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
        self._process.kill()
        self._process.wait()
        self._process = None

    @property
    def tree(self) -> Tree:
        """Its processes."""
        assert self._process is not None
        return Tree(self._process.pid)

    def last_words(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8")[-2000:]

    def _is_ready(self) -> bool:
        request = f"GET {self.ready} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(request.encode())
                return probe.recv(32).startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 401 "))
        except OSError:
            return False
