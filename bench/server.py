"""The server under measurement: ``latchstring serve`` on a fresh SQLite file, limits raised."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

CLIENT_ID = "bench"
CLIENT_SECRET = "a-secret-of-the-bench-and-of-nobody-else"  # noqa: S105 - opens nothing but this
_PATIENCE = 20.0
_READY = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
_MIB = 2**20

_CONFIGURATION = """
public_url      = "http://127.0.0.1:{port}"
listen          = "127.0.0.1:{port}"
database_url    = "sqlite:///var/latchstring.db"
secret_key_file = "keys/secret.key"
allow_example_identifiers = true

[mail]
from     = "Acme <login@auth.acme.example>"
smtp_url = "smtp://127.0.0.1:{smtp_port}?starttls=never"

[sms]
from        = "Acme"
gateway_url = "http://127.0.0.1:{gateway_port}/sms"

[limits]
starts_per_identifier = "1000000/h"
sms_per_number_block  = "1000000/h"
sms_per_installation  = "100000000/d"

[connections.email]
send = "both"

[connections.sms]
countries = ["DE"]

[[clients]]
client_id     = "{client_id}"
client_secret = "{client_secret}"
name          = "Acme"
callbacks     = ["http://127.0.0.1:9100/callback"]
connections   = ["email", "sms"]
"""


@dataclass(slots=True)
class Server:
    """One server, its folder and its process."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def configuration(self) -> Path:
        """The configuration file."""
        return self.folder / "latchstring.toml"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "var" / "latchstring.db"

    def start(self) -> float:
        """Start it and return how many seconds it took to the first 200 of ``/readyz``."""
        command = [str(Path(sys.executable).with_name("latchstring")), "serve"]
        with (self.folder / "server.log").open("ab") as log:
            began = time.perf_counter()
            self.process = subprocess.Popen(
                [*command, "--config", str(self.configuration)],
                stdout=log,
                stderr=log,
                env={name: v for name, v in os.environ.items() if "LATCHSTRING_" not in name},
            )
        while not _is_ready(self.port):
            taken = time.perf_counter() - began
            if self.process.poll() is not None or taken > _PATIENCE:
                raise RuntimeError(f"the server does not start: {self.last_words()}")
            time.sleep(0.005)
        return time.perf_counter() - began

    def stop(self) -> None:
        """Ask it to stop, and insist after a while."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def cpu_seconds(self) -> float:
        """Return the CPU that its process tree has used so far, user and system."""
        times = [found.cpu_times() for found in self._tree()]
        return float(sum(t.user + t.system + t.children_user + t.children_system for t in times))

    def memory(self) -> float:
        """Return the proportional set size of its process tree, in MiB."""
        return float(sum(found.memory_full_info().pss for found in self._tree())) / _MIB

    def last_words(self) -> str:
        """Return the end of its log."""
        return (self.folder / "server.log").read_text(encoding="utf-8")[-2000:]

    def _tree(self) -> list[psutil.Process]:
        assert self.process is not None
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]


@contextmanager
def a_server(folder: Path, *, smtp_port: int, gateway_port: int) -> Iterator[Server]:
    """Configure a server that is not started yet; stop it at the end."""
    server = Server(folder, _free_port())
    text = _CONFIGURATION.format(
        port=server.port,
        smtp_port=smtp_port,
        gateway_port=gateway_port,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )
    server.configuration.write_text(text, encoding="utf-8")
    try:
        yield server
    finally:
        server.stop()


def _is_ready(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.sendall(_READY)
            return probe.recv(32).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
