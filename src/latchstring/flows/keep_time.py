"""Keep this process's time with the database's, or with the machine's where the database has none.

Nodes whose wall clocks disagree would disagree about what has expired. They all talk to one
database, so its clock is the time of all of them (decision 9).
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from latchstring.base.clock import SteadyClock
from latchstring.base.logging import get_logger

_CONFIRMED = 3
"""So many looks in a row must say that the database's clock went back."""

_LOOK_SECONDS = 0.5
"""How long one look waits for the ending; who asks for readiness waits for the look."""


class Sample(msgspec.Struct, frozen=True):
    """What the database's clock showed, and between which two moments on ours."""

    database_time: int
    """Unix milliseconds; 0 from a database that has no clock of its own."""

    began: int
    ended: int


class KeepTime(msgspec.Struct):
    """Takes a sample twice a second, from ``RefreshConfiguration``."""

    clock: SteadyClock
    before_going_back: Callable[[], Awaitable[object]] | None = None
    """Ends all that is live, durably. Without it the database's clock is never followed back."""

    _behind: int = 0
    _ending: asyncio.Future[object] | None = None

    async def take(self, sample: Sample) -> None:
        """Follow the sample; where that means to go back, end first what would come alive again."""
        if not sample.database_time:
            self.clock.look()
            return
        back = self.clock.follow(sample.database_time, sample.began, sample.ended)
        if not back:
            self._behind = 0
            if self._ending is not None:
                self._ending.cancel()
                self._ending = None
            return
        self._behind += 1
        if self._behind == _CONFIRMED:
            get_logger().error("database_clock_went_back", seconds=int(back.total_seconds()))
        if self._behind >= _CONFIRMED and self.before_going_back is not None:
            if self._ending is None:
                self._ending = asyncio.ensure_future(self.before_going_back())
            # That may take long; until it is done, time goes on as it went.
            if not (await asyncio.wait((self._ending,), timeout=_LOOK_SECONDS))[0]:
                return
            ending, self._ending = self._ending, None
            ending.result()
            self.clock.begin_again(sample.database_time, sample.began, sample.ended)
            self._behind = 0
