"""``python -m chaos.migrating CONFIG N``: bring a schema up to date, dying after statement N.

With N = 0 it lives, and prints how many statements there were. The program itself has no such
switch: its drivers are wrapped here, from outside.
"""

import asyncio
import os
import signal
import sqlite3
import sys
from typing import Any

import apsw
import asyncpg

from latchstring.base.settings_loading import load
from latchstring.db.opening import migrate_database


class Counter:
    """Counts statements, and kills this process after the last that it is to see."""

    def __init__(self, last: int) -> None:
        """Die after so many; never for 0."""
        self.last = last
        self.seen = 0

    def count(self) -> None:
        """Note one more that was executed."""
        self.seen += 1
        if self.seen == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def watch_sqlite(counter: Counter) -> None:
    """Count what any connection executes, each statement of a script for itself."""
    fresh = False

    def before(_cursor: apsw.Cursor, _sql: str, _bindings: object) -> bool:
        # Called before a statement: the one before it is done.
        nonlocal fresh
        if fresh:
            counter.count()
        fresh = True
        return True

    apsw.connection_hooks.append(lambda connection: connection.set_exec_trace(before))


def watch_postgresql(counter: Counter) -> None:
    """Send a script's statements one by one, and count them."""
    whole = asyncpg.Connection.execute

    async def piecewise(connection: Any, text: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - the driver's
        result = None
        for statement in statements(text):
            result = await whole(connection, statement, *arguments, **options)
            counter.count()
        return result

    asyncpg.Connection.execute = piecewise


def statements(text: str) -> list[str]:
    """Return the statements of a script."""
    found, rest = [], ""
    for line in text.splitlines(keepends=True):
        rest += line
        if sqlite3.complete_statement(rest):
            found.append(rest)
            rest = ""
    return [*found, rest] if rest.strip() else found


def main(configuration: str, last: int) -> None:
    """Do it."""
    counter = Counter(last)
    watch_sqlite(counter)
    watch_postgresql(counter)
    asyncio.run(migrate_database(load(configuration, {}).settings))
    print(counter.seen)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
