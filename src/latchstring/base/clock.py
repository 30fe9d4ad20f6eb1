"""The only reader of wall time; everything else is handed a ``Clock``."""

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
