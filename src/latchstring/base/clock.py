"""The only reader of wall time. What decides by the time is handed a ``Clock``.

``milliseconds`` is for what only notes it: ids that sort, and the book of migrations.
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Tests hand in one that stands still."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC, truncated to milliseconds."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the current time; milliseconds are what the database keeps."""
        return truncate(datetime.now(UTC))


def truncate(moment: datetime) -> datetime:
    """Return the moment cut to whole milliseconds, so that it survives a round trip to a row."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def milliseconds() -> int:
    """Return the Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
