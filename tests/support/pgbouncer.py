"""A PgBouncer in front of a cluster: each transaction may run in another session."""

import shutil
import subprocess
from typing import Self

from tests.support.postgresql import OWNER, SUPERUSER, Cluster, socket_url
from tests.support.tethered import NotStartedError, Tether, accepts

_PORT = 6432
_CONFIGURATION = """
[databases]
* = host={host} port={port}

[pgbouncer]
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = {clients}
; Only this user, and root, reaches the socket.
listen_addr =
listen_port = {own_port}
unix_socket_dir = {sockets}
unix_socket_mode = 0700
auth_type = trust
auth_file = {users}
admin_users = {admin}
"""


class PgBouncer:
    """A pooler in transaction mode that nothing of outlives this process."""

    def __init__(self, cluster: Cluster, *, pool: int = 5, clients: int = 200) -> None:
        self._tether = Tether("latchstring-pgb")
        self._sockets = self._tether.make_folder("sockets")
        users = self._tether.write(
            self._tether.folder / "users", f'"{OWNER}" ""\n"{SUPERUSER}" ""\n'
        )
        text = _CONFIGURATION.format(
            host=cluster.sockets,
            port=cluster.port,
            pool=pool,
            clients=clients,
            own_port=_PORT,
            sockets=self._sockets,
            users=users,
            admin=SUPERUSER,
        )
        self._configuration = self._tether.write(self._tether.folder / "pgbouncer.ini", text)
        self._cluster = cluster
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; return when it takes connections."""
        program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
        if program is None:
            raise NotStartedError("no pgbouncer: run scripts/postgresql.sh pgbouncer")
        self._process = self._tether.start(
            [program, self._configuration],
            self._tether.folder / "log",
            lambda _: accepts(self._sockets / f".s.PGSQL.{_PORT}"),
        )

    def kill(self) -> None:
        """End it at once, with every connection through it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def url(self, database: str) -> str:
        """The URL of a database, through the pooler."""
        return socket_url(self._sockets, database, OWNER, _PORT)

    def tell(self, command: str) -> str:
        """Say something to its console, like ``PAUSE``, ``RESUME`` or ``SHOW POOLS``."""
        console = socket_url(self._sockets, "pgbouncer", SUPERUSER, _PORT)
        return self._cluster.run("psql", "-XqtA", "-c", command, console)

    def close(self) -> None:
        """Stop it and remove all of it."""
        self.kill()
        self._tether.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
