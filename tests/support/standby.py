"""A second PostgreSQL that follows a first one, until it takes over."""

import time
from typing import Self

from tests.support.postgresql import SUPERUSER, Cluster, NoPostgresqlError
from tests.support.tethered import PATIENCE

_NAME = "standby"
_STATE = "select sync_state from pg_stat_replication where state = 'streaming'"

# PostgreSQL 13 only tells that it was asked: what it was replaying just then may still appear.
_PAUSED = """
select current_setting('server_version_num')::int >= 140000 as tells \\gset
\\if :tells
select pg_get_wal_replay_pause_state() = 'paused';
\\else
select pg_is_wal_replay_paused();
\\endif
"""


class Standby:
    """A streaming copy of a cluster, synchronous if asked: then no commit is answered without it.

    One per primary at a time. A primary that had a synchronous one waits for it until
    ``configure(synchronous_standby_names="")`` and a reload or start.
    It has the roles and passwords of the first, so ``cluster.tcp_url`` differs in the port alone.
    """

    def __init__(self, primary: Cluster, *, synchronous: bool) -> None:
        self.primary = primary
        self.synchronous = synchronous
        settings = {**primary.settings, "synchronous_standby_names": ""}
        self.cluster = Cluster(settings, tcp=primary.tcp, password=primary.password)

    def create(self) -> Self:
        """Copy the primary, start, and return when what it writes arrives here."""
        source = f"host={self.primary.sockets} port={self.primary.port} user={SUPERUSER}"
        self.cluster.run(
            "pg_basebackup", "-D", self.cluster.data, "-d", f"{source} application_name={_NAME}",
            "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
        )  # fmt: skip
        self.cluster.configure()
        self.cluster.start()
        if self.synchronous:
            self.primary.configure(synchronous_standby_names=_NAME)
            self.primary.psql("select pg_reload_conf()")
        wanted = "sync" if self.synchronous else "async"
        self._until(self.primary, _STATE, wanted)
        return self

    def catch_up(self) -> None:
        """Return when everything that the primary has committed can be read here."""
        written = self.primary.psql("select pg_current_wal_flush_lsn()")
        self._until(self.cluster, f"select pg_last_wal_replay_lsn() >= '{written}'", "t")

    def pause_replay(self) -> None:
        """Go on receiving, but show nothing new; a promotion replays all that was received."""
        self.cluster.psql("select pg_wal_replay_pause()")
        self._until(self.cluster, _PAUSED, "t")

    def resume_replay(self) -> None:
        """Show what was received meanwhile."""
        self.cluster.psql("select pg_wal_replay_resume()")

    def stop_receiving(self) -> None:
        """Receive nothing more: what the primary commits from now on is lost by a promotion."""
        self.cluster.psql("alter system set primary_conninfo = ''; select pg_reload_conf();")
        self._until(self.cluster, "select count(*) from pg_stat_wal_receiver", "0")

    def promote(self) -> None:
        """Become a primary, on a timeline of its own; return when it takes writes."""
        self.cluster.psql(f"select pg_promote(true, {PATIENCE:.0f})")
        self._until(self.cluster, "select pg_is_in_recovery()", "f")

    def close(self) -> None:
        """Stop it and remove all of it."""
        self.cluster.close()

    def __enter__(self) -> Self:
        return self.create()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _until(self, cluster: Cluster, sql: str, wanted: str) -> None:
        until = time.monotonic() + PATIENCE
        while (found := cluster.psql(sql)) != wanted:
            if time.monotonic() > until:
                raise NoPostgresqlError(f"{sql}: {found!r}, not {wanted!r}\n{cluster.tail()}")
            time.sleep(0.02)


def timeline(cluster: Cluster) -> int:
    """The timeline that a primary writes."""
    return int(cluster.psql("select pg_walfile_name(pg_current_wal_lsn())")[:8], 16)
