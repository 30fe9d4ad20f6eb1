"""The only reader of wall time. What decides by the time is handed a ``Clock``.

``milliseconds`` is for what only notes it: ids that sort, and the book of migrations.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from latchstring.base.logging import get_logger

HELD = timedelta(seconds=5)
"""A reference that lies back by less is waited for: our time stands still until it is there."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = 1_000_000
_ROUNDED = _MILLISECOND // 2
_HELD = HELD // timedelta(microseconds=1) * 1000
_HELD_MILLISECONDS = _HELD // _MILLISECOND
_STAYS = 30_000_000_000
"""How long a wall clock must keep a step forward before it is believed."""


class Clock(Protocol):
    """Tells the time. Tests hand in one that stands still."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC, truncated to milliseconds."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the current time; milliseconds are what the database keeps."""
        return truncate(datetime.now(UTC))


def _counter() -> Callable[[], int]:
    """Return the nanoseconds that nobody can set: with those the machine slept, if it knows."""
    try:
        time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    except (AttributeError, OSError):
        return time.monotonic_ns
    return partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)


class SteadyClock:
    """Counts on from a moment of reference, whatever happens to the machine's wall clock.

    The reference is the wall clock (``look``) or the database's (``follow``), as one of the two
    is called again and again. Time never goes back, so that what is over stays over: where the
    reference lies back a little, time stands still until it is there. Where it lies back by more,
    the wall clock is not followed at all, and the database's only by ``begin_again``.
    """

    __slots__ = ("_ahead", "_anchor", "_back", "_counted", "_followed", "_last", "_wall", "steady")

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] | None = None,
    ) -> None:
        """Start at the wall clock's time; both count nanoseconds."""
        self.steady = steady or _counter()
        """Nanoseconds on a clock that only ever counts; its zero means nothing."""
        self._wall = wall
        self._counted = self.steady()
        self._anchor = wall() - self._counted
        self._last = (0, _EPOCH)
        self._followed = False
        self._back = False
        self._ahead: tuple[int, int] | None = None

    def now(self) -> datetime:
        """Return the current time; not less than before, unless it was told to begin again."""
        steady = self.steady()
        if steady < self._counted:
            self._mend(steady)
        self._counted = steady
        at = (steady + self._anchor) // _MILLISECOND
        last = self._last
        if last[0] - _HELD_MILLISECONDS < at <= last[0]:
            return last[1]
        moment = _EPOCH + timedelta(milliseconds=at)
        self._last = (at, moment)  # as one, because threads ask too
        return moment

    def look(self) -> None:
        """Compare with the wall clock, and follow it where that revives nothing."""
        self.now()
        steady = self.steady()
        ahead = self._wall() - self._told(steady)
        if ahead <= -_HELD:
            self._ahead = None
            if not self._back:
                get_logger().warning("wall_clock_went_back", seconds=-ahead // 1_000_000_000)
            self._back = True
            return
        self._back = False
        if ahead >= _HELD:
            if not self._has_stayed(ahead, steady):
                return
            get_logger().warning("wall_clock_went_ahead", seconds=ahead // 1_000_000_000)
        self._ahead = None
        self._anchor = self._told(steady) + ahead - steady

    def follow(self, milliseconds: int, began: int, ended: int) -> timedelta:
        """Take the database's time, read at some point between two readings of ``steady``.

        Only what the sample proves to be wrong is put right: a slow answer proves little, and
        noise moves nothing. Returns how far it lies back where that is too much to wait for;
        then it was not followed.
        """
        self.now()
        if ended < began:  # the counter itself was set back meanwhile
            return timedelta()
        least = milliseconds * _MILLISECOND - ended - _ROUNDED
        most = milliseconds * _MILLISECOND - began + _ROUNDED
        if not self._followed:
            self.begin_again(milliseconds, began, ended)
        elif self._anchor < least:
            if least - self._anchor >= _HELD:
                seconds = (least - self._anchor) // 1_000_000_000
                get_logger().warning("database_clock_went_ahead", seconds=seconds)
            self._anchor = least
        elif self._anchor > most:
            back = self._told(ended) - ended - most
            if back >= _HELD:
                return timedelta(microseconds=back // 1000)
            self._anchor = most
        return timedelta()

    def begin_again(self, milliseconds: int, began: int, ended: int) -> None:
        """Take the database's time even where ours goes back: nothing that expired is live."""
        self._followed = True
        self._anchor = milliseconds * _MILLISECOND - (began + ended) // 2

    def _mend(self, steady: int) -> None:
        """Count on where the counter itself is set back: with a machine moved to another host."""
        if steady < self._counted - _HELD:  # less is two threads that read it at once
            self._anchor += self._counted - steady

    def _told(self, steady: int) -> int:
        """Return what ``now`` tells then: while time stands still, more than what was counted."""
        at = steady + self._anchor
        last = self._last[0] * _MILLISECOND
        return last if at < last < at + _HELD else at

    def _has_stayed(self, ahead: int, steady: int) -> bool:
        """Whether the wall clock has been that far ahead for a while: it may be set twice."""
        if self._ahead is None or abs(ahead - self._ahead[0]) >= _HELD:
            self._ahead = (ahead, steady)
        return steady - self._ahead[1] >= _STAYS


def truncate(moment: datetime) -> datetime:
    """Return the moment cut to whole milliseconds, so that it survives a round trip to a row."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def milliseconds() -> int:
    """Return the Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


_second = (0, "")
"""The last second that was asked for, and how it begins."""


def stamp() -> str:
    """Return the wall time as ``2026-03-02T09:30:00.000000Z``, for lines of the log.

    The part that changes once a second is made once a second: a line's time would else cost as
    much as all the rest of it.
    """
    global _second  # noqa: PLW0603 - replaced as a whole; two threads at worst make it twice
    second, rest = divmod(time.time_ns(), 1_000_000_000)
    made, text = _second
    if made != second:
        text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        _second = (second, text)
    return f"{text}.{rest // 1000:06}Z"
