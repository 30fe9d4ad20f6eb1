"""The rows of a login in PostgreSQL: pgbench, prepared statements, one round trip per commit."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Measure
from bench.plan import BenchFailed
from bench.stores import Postgresql
from tests.support.postgresql import programs

_HERE = Path(__file__).parent
SCRIPT = _HERE / "login.pgbench"
_DONE = re.compile(rb"number of transactions actually processed: (\d+)")
_FAILED = re.compile(rb"number of failed transactions: ([1-9]\d*)")


@dataclass(slots=True)
class Pgbench:
    """The limit on one cluster; only the database's CPU is counted, never pgbench's own."""

    store: Postgresql
    name: str = "bare rows: pgbench"
    people: int = 1000
    kind: str = "PostgreSQL"
    _logins: int = 0

    async def prepare(self) -> None:
        """Make the tables and the people."""
        await self.store.run((_HERE / "rows.sql").read_text(encoding="utf-8"))
        digests = [hashlib.md5(str(n).encode()).hexdigest() for n in range(self.people)]  # noqa: S324
        people = ((digest, digest, 0) for digest in digests)
        await self.store.load("people", ("person", "id", "signed_in_at"), people)

    async def measure(self, users: int, seconds: float) -> Measure:
        """Write for so long; pgbench knows whole seconds only."""
        before = self.store.cpu()
        duration = max(1, round(seconds))
        process = await asyncio.create_subprocess_exec(
            str(programs() / "pgbench"),
            *("--no-vacuum", "--protocol=prepared", f"--client={users}", f"--time={duration}"),
            *(f"--file={SCRIPT}", self.store.url),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        done = _DONE.search(output)
        if process.returncode or done is None or _FAILED.search(output):
            raise BenchFailed(f"pgbench failed: {output.decode()}")
        used = self.store.cpu() - before
        self._logins += int(done[1])
        return Measure(logins=int(done[1]), seconds=duration, server=0.0, database=used)

    async def check_rows(self) -> None:
        """Refuse figures of logins that are not all in the database."""
        found = await self.store.count("select count(*) from sessions")
        if found != self._logins:
            raise BenchFailed(f"{self.name}: {found} sessions of {self._logins} logins")
