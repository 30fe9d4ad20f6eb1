"""When to try again: exponential back-off with full jitter, until the message is worth nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

FIRST = timedelta(seconds=1)
LONGEST = timedelta(seconds=40)
"""Short enough that a relay that comes back gets everything that waited within a minute."""
SOONEST = timedelta(milliseconds=200)
_DOUBLINGS = 10
"""More would overflow long before it would matter."""


def next_attempt(
    now: datetime,
    *,
    attempts: int,
    give_up_at: datetime,
    draw: Callable[[], float],
    not_before: timedelta = timedelta(0),
) -> datetime | None:
    """Return when to try again after so many attempts, or nothing: the time is up.

    ``draw`` gives a number from 0 up to 1; spreading the whole interval keeps messages that failed
    together from coming back together. ``not_before`` is the provider's own wish.
    """
    ceiling = min(LONGEST, FIRST * 2 ** min(attempts - 1, _DOUBLINGS))
    delay = max(SOONEST + (ceiling - SOONEST) * draw(), not_before)
    again = now + timedelta(milliseconds=delay // timedelta(milliseconds=1))
    return again if again < give_up_at else None
