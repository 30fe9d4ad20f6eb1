"""The guess budget of an identifier, which survives new codes and successes.

Three tries a code and a new code each minute would be thousands of guesses a day; so wrong answers
are also counted per identifier, by the hour, over a day and over thirty days. Past the budget
nobody is locked out: new codes get more digits and the older short ones stop. Links always work.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
_HOUR = timedelta(hours=1)


class Browser(StrEnum):
    """Whose budget is spent: a browser known for this identifier, or anybody else."""

    KNOWN = "known"
    STRANGER = "stranger"


class Guesses(msgspec.Struct, frozen=True):
    """Wrong answers so far."""

    in_a_day: int
    in_a_month: int


class Budget(msgspec.Struct, frozen=True):
    """How many wrong answers are borne with short codes."""

    per_day: int
    per_month: int

    def is_used_up(self, guesses: Guesses) -> bool:
        """Whether one more guess at a short code would be too many."""
        return guesses.in_a_day >= self.per_day or guesses.in_a_month >= self.per_month


def day_before(now: datetime) -> datetime:
    """Return since when hours count in the day's budget."""
    return now - DAY - _HOUR


def month_before(now: datetime) -> datetime:
    """Return since when hours count in the month's budget."""
    return now - MONTH - _HOUR


def hour_of(moment: datetime) -> datetime:
    """Return the hour a wrong answer is counted in.

    Whole hours leave the window an hour late at most: the budget is never larger than it says.
    """
    return moment.replace(minute=0, second=0, microsecond=0)
