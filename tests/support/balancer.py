"""An HAProxy in front of several ports, as an operator would set it up."""

import csv
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from tests.support.ports import free_port
from tests.support.tethered import PATIENCE, NotStartedError, Tether, accepts, tail

_COMMON = """
global
    stats socket {admin} mode 600 level admin

defaults
    mode {mode}
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    timeout queue 5s
    timeout check 2s
    # A request that found no node is given to another; one that a node has begun never is.
    retries 3
    retry-on conn-failure
    option redispatch 1

frontend entrance
    bind 127.0.0.1:{port}
    default_backend nodes

backend nodes
"""

_HTTP = """
    balance roundrobin
    option forwardfor
    option httpchk GET /readyz
    http-check expect status 200
    default-server check inter {interval}ms fall 2 rise 1
"""

# The first that lives takes everything; connections to one that died end at once.
_TCP = """
    balance first
    default-server check inter {interval}ms fall 2 rise 1 on-marked-down shutdown-sessions
"""


class Balancer:
    """One entrance to several servers: HTTP nodes asked for ``/readyz``, or plain TCP."""

    def __init__(
        self,
        ports: Sequence[int],
        *,
        mode: Literal["http", "tcp"] = "http",
        interval: int = 200,
    ) -> None:
        self.port = free_port()
        self._tether = Tether("latchstring-lb")
        self._admin = self._tether.folder / "admin"
        self._log = self._tether.folder / "log"
        text = _COMMON.format(admin=self._admin, mode=mode, port=self.port)
        text += {"http": _HTTP, "tcp": _TCP}[mode].format(interval=interval)
        for number, port in enumerate(ports, 1):
            backup = " backup" if mode == "tcp" and number > 1 else ""
            text += f"    server node{number} 127.0.0.1:{port}{backup}\n"
        self._configuration = self._tether.write(self._tether.folder / "haproxy.cfg", text)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the entrance."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; return when it takes connections, whatever the servers do."""
        program = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        if program is None:
            raise NotStartedError("no haproxy: run scripts/postgresql.sh haproxy")
        command = [program, "-db", "-f", self._configuration]
        doors: list[tuple[str, int] | Path] = [("127.0.0.1", self.port), self._admin]
        self._process = self._tether.start(
            command, self._log, lambda _: all(accepts(door) for door in doors)
        )

    def states(self) -> dict[str, str]:
        """What it thinks of ``node1``, ``node2`` …: ``UP`` or ``DOWN``."""
        lines = self._tell("show stat").removeprefix("# ").splitlines()
        rows = csv.DictReader(line for line in lines if line)
        return {
            row["svname"]: row["status"].split()[0]
            for row in rows
            if row["pxname"] == "nodes" and row["svname"] != "BACKEND"
        }

    def until(self, **wanted: str) -> None:
        """Return when it thinks so: ``until(node1="UP", node2="DOWN")``."""
        end = time.monotonic() + PATIENCE
        while not wanted.items() <= (found := self.states()).items():
            if time.monotonic() > end:
                raise NotStartedError(f"the balancer sees {found}\n{tail(self._log)}")
            time.sleep(0.02)

    def set_state(self, node: str, state: Literal["ready", "drain", "maint"]) -> None:
        """Take a node out (``drain``: gently) or back in, as an operator does by hand."""
        self._tell(f"set server nodes/{node} state {state}")

    def close(self) -> None:
        """Stop it and remove all of it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._tether.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tell(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as console:
            console.connect(str(self._admin))
            console.sendall(f"{command}\n".encode())
            with console.makefile() as answer:
                return answer.read()
