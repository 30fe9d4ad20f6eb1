"""Which limits and budgets the settings describe, and whose are spent."""

from datetime import datetime, timedelta

from latchstring.base.settings import LimitSettings, Rate
from latchstring.domain.challenges.budget import Browser, Budget
from latchstring.domain.identities.user import Standing
from latchstring.domain.limits.limit import Limit


def limit_of(name: str, rate: Rate) -> Limit:
    """Return the limit that a setting under ``[limits]`` describes."""
    return Limit(name, rate.count, rate.window)


def budget_of(settings: LimitSettings) -> Budget:
    """Return the guess budget that the settings describe."""
    return Budget(
        per_day=settings.wrong_answers_per_identifier_per_day,
        per_month=settings.wrong_answers_per_identifier_per_month,
    )


def browser_kind(standing: Standing | None, known_since: datetime | None) -> Browser:
    """Return whose budgets are spent; signing out everywhere makes every browser a stranger."""
    if standing is None or known_since is None:
        return Browser.STRANGER
    # The cookie keeps whole seconds; the column milliseconds.
    known = known_since + timedelta(seconds=1) > standing.browsers_known_since
    return Browser.KNOWN if known else Browser.STRANGER
