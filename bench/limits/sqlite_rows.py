"""The rows of a login in SQLite: a plain loop, as durable as the server (WAL, synchronous=FULL).

A process of its own (``python -m bench.limits.sqlite_rows FILE PEOPLE``). For each line it reads, a
number of seconds, it writes logins for so long and prints what that took.
"""

import asyncio
import contextlib
import json
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import apsw

from bench.figures import Measure
from bench.people import NEW_SHARE, address
from bench.plan import BenchFailed
from bench.stores import Sqlite

_SCHEMA = Path(__file__).with_name("rows.sql")
_START = ("insert into challenges values (:challenge, :person, :challenge, :now)",)
_VERIFY = (
    "delete from challenges where id = :challenge",
    """insert into people values (:person, :session, :now)
    on conflict (person) do update set signed_in_at = excluded.signed_in_at""",
    "insert into sessions select :session, id, :now from people where person = :person",
)


class Rows:
    """Writes the rows of one login after another."""

    def __init__(self, path: Path, people: int) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute("pragma journal_mode = wal; pragma synchronous = full")
        self._connection.execute(_SCHEMA.read_text(encoding="utf-8"))
        with self._connection:
            known = ((address(n), str(n)) for n in range(people))
            self._connection.executemany("insert into people values (?, ?, 0)", known)
        self._people = people
        self._chance = random.Random("latchstring")

    def run(self, seconds: float) -> dict[str, float]:
        """Write for so long; return how many logins, in how many seconds, for how much CPU."""
        began, cpu, logins = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - began < seconds:
            self.login()
            logins += 1
        return {
            "logins": logins,
            "seconds": time.perf_counter() - began,
            "server": time.process_time() - cpu,
        }

    def login(self) -> None:
        """Write what a start writes, then what a verification writes."""
        is_new = self._chance.random() < NEW_SHARE
        row: dict[str, apsw.SQLiteValue] = {
            "person": address(
                self._chance.randrange(10**15) if is_new else self._chance.randrange(self._people)
            ),
            "challenge": secrets.token_urlsafe(18),
            "session": secrets.token_urlsafe(18),
            "now": time.time_ns() // 1_000_000,
        }
        for statements in (_START, _VERIFY):
            self._connection.execute("begin immediate")
            for statement in statements:
                self._connection.execute(statement, row)
            self._connection.execute("commit")


@dataclass(slots=True)
class SqliteRows:
    """The loop, seen from the bench."""

    process: asyncio.subprocess.Process
    path: Path
    name: str = "bare rows: one loop"
    people: int = 1000
    kind: str = "SQLite"
    _logins: int = 0

    async def prepare(self) -> None:
        """The process has made everything."""

    async def measure(self, users: int, seconds: float) -> Measure:  # noqa: ARG002 - one loop
        """Let it write for so long."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{seconds}\n".encode())
        measure = Measure(**json.loads(await self.process.stdout.readline()))
        self._logins += measure.logins
        return measure

    async def check_rows(self) -> None:
        """Refuse figures of logins that are not all in the file."""
        found = await Sqlite(self.path).count("select count(*) from sessions")
        if found != self._logins:
            raise BenchFailed(f"{self.name}: {found} sessions of {self._logins} logins")


@contextlib.asynccontextmanager
async def sqlite_rows(path: Path, people: int = 1000) -> AsyncIterator[SqliteRows]:
    """Start the process; end it at the end."""
    arguments = ("-m", "bench.limits.sqlite_rows", str(path), str(people))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=pipe, stdout=pipe
    )
    try:
        yield SqliteRows(process, path, people=people)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def main() -> None:
    """Serve the orders on standard input until it ends."""
    rows = Rows(Path(sys.argv[1]), int(sys.argv[2]))
    for line in sys.stdin:
        print(json.dumps(rows.run(float(line))), flush=True)


if __name__ == "__main__":
    main()
