"""A private PostgreSQL: its own files, its own sockets, its own short life."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from tests.support.ports import free_port
from tests.support.tethered import (
    PATIENCE,
    Tether,
    alive_in,
    as_an_ordinary_user,
    end_all_in,
    send,
    tail,
)

OWNER = "latchstring"
"""The role that owns the databases: an ordinary one, as in production."""
SUPERUSER = "postgres"
PORT = 5432
"""Only the name of the socket, unless the cluster listens on loopback."""

PROGRAMS = os.environ.get("LATCHSTRING_TEST_POSTGRESQL_PROGRAMS")
"""The folder of another PostgreSQL's programs; read before the first test, which sees none."""

UNTIL_THE_POWER_FAILS: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}
"""Settings that keep every commit over ``kill -9``, and wait for no disk."""

NO_HURRY_TO_DISK: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""Settings for data that nobody will miss: never for a test of what survives."""

_ALWAYS: Mapping[str, str] = {
    "cluster_name": "latchstring tests",
    "shared_buffers": "64MB",
    # In the data folder, where a killed server's leftovers are removed with the rest.
    "dynamic_shared_memory_type": "mmap",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "UTC",
}

_READY = {"ready", "standby"}
_STOPS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class NoPostgresqlError(RuntimeError):
    """PostgreSQL is missing or would not do what it was told; the message says why."""


def programs() -> Path:
    """The folder of the programs that were asked for, or of the newest PostgreSQL server's."""
    if PROGRAMS is not None:
        if not Path(PROGRAMS, "initdb").exists():
            raise NoPostgresqlError(f"no initdb in {PROGRAMS}")
        return Path(PROGRAMS)
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if installed:
        return max(installed, key=lambda path: int(path.parent.name.split(".")[0]))
    found = shutil.which("initdb")
    if found is None:
        raise NoPostgresqlError("no initdb: run scripts/postgresql.sh, or make postgresql")
    return Path(found).resolve().parent


def socket_url(sockets: Path, database: str, user: str = OWNER, port: int = PORT) -> str:
    """The URL of a database behind a socket in this folder."""
    return f"postgresql://{user}@/{quote(database)}?host={quote(str(sockets))}&port={port}"


def _written(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = '{value}'\n" for name, value in settings.items())


class Cluster:
    """One PostgreSQL server and its data; nothing of it outlives this process."""

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        tcp: bool = False,
        password: str | None = None,
    ) -> None:
        self.settings = dict(settings or {})
        self.port = free_port() if tcp else PORT
        self.tcp = tcp
        self.password = password or secrets.token_urlsafe()
        self._tether = Tether("latchstring-pg")
        self.folder = self._tether.folder
        self.sockets = self._tether.make_folder("sockets")
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> Self:
        """Make the files, start the server and make the role that owns the databases."""
        # Whoever reaches the socket may come in: only this user (and root) reaches it.
        self.run("initdb", "-D", self.data, "-U", SUPERUSER, "-E", "UTF8", "--locale=C",
                 "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync")  # fmt: skip
        self.configure()
        self.start()
        self.psql(f"create role {OWNER} login createdb password '{self.password}'")
        return self

    def configure(self, **more: str) -> None:
        """Write these settings down, in force from the next start."""
        self.settings.update(more)
        where = {
            "unix_socket_directories": str(self.sockets),
            "listen_addresses": "127.0.0.1" if self.tcp else "",
            "port": str(self.port),
        }
        text = _written({**_ALWAYS, **self.settings, **where})
        # Read after postgresql.conf, and before what `alter system` wrote.
        self._tether.write(self.data / "tests.conf", text)
        main = self.data / "postgresql.conf"
        if "tests.conf" not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as found:
                found.write("include 'tests.conf'\n")

    def start(self) -> None:
        """Start the server; return when it takes connections."""
        command = [programs() / "postgres", "-D", self.data]
        self._process = self._tether.start(command, self.log, self._ready)

    def _ready(self, pid: int) -> bool:
        """Whether its pid file says so, as pg_ctl reads it."""
        try:
            words = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return words[:1] == [str(pid)] and words[7:8] != [] and words[7].strip() in _READY

    @property
    def running(self) -> bool:
        """Whether the server's first process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop the server as ``pg_ctl stop -m`` does; ``immediate`` is a crash with manners."""
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(_STOPS[mode])
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise NoPostgresqlError(f"PostgreSQL did not stop in time:\n{self.tail()}") from None

    def kill(self) -> None:
        """End every process of the server at once (``kill -9``): the crash without manners."""
        if self._process is not None:
            self._process.kill()
            end_all_in(self.data)
            self._process.wait()

    def pause(self) -> None:
        """Stop every process of the server where it stands: connections stay and say nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            send(alive_in(self.data), signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        send(alive_in(self.data), signal.SIGCONT)

    def close(self) -> None:
        """Stop the server and remove all of it."""
        if self.running:
            self.resume()
            self.stop("immediate")
        self._tether.release()

    def __enter__(self) -> Self:
        return self.create()

    def __exit__(self, *_: object) -> None:
        self.close()

    def url(self, database: str = "postgres", user: str = OWNER) -> str:
        """The URL of a database, through the private socket."""
        return socket_url(self.sockets, database, user, self.port)

    def tcp_url(self, database: str = "postgres", port: int | None = None) -> str:
        """The URL of a database over loopback, with its owner's password."""
        assert self.tcp, "this cluster has no port"
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{port or self.port}/{database}"

    def psql(self, sql: str, database: str = "postgres", user: str = SUPERUSER) -> str:
        """Execute statements, each its own transaction, and return what psql prints."""
        address = self.url(database, user)
        return self.run("psql", "-XqtA", "-v", "ON_ERROR_STOP=1", address, typed=sql)

    def create_database(self, name: str, template: str = "template0") -> str:
        """Make a database that the ordinary role owns, and return its URL."""
        self.psql(f'create database "{name}" owner {OWNER} template "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.psql(f'drop database if exists "{name}" with (force)')

    def tail(self, lines: int = 40) -> str:
        """The end of the server's log."""
        return tail(self.log, lines)

    def run(self, program: str, *arguments: str | Path, typed: str = "") -> str:
        """Run one of PostgreSQL's programs to its end and return what it prints."""
        done = subprocess.run(
            [programs() / program, *arguments],
            input=typed,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **as_an_ordinary_user(),
        )
        if done.returncode != 0:
            raise NoPostgresqlError(f"{program} failed:\n{done.stdout}{done.stderr}\n{self.tail()}")
        return done.stdout.rstrip("\n")
