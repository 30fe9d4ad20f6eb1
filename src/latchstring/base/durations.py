"""A length of time in words, exactly: a promised lifetime is never rounded."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

Text = TypeVar("Text")

_MINUTE = 60


def in_words(length: timedelta, ngettext: Callable[[str, str, int], Text]) -> list[Text]:
    """Return hours, minutes and seconds in a language's words, longest first; never empty.

    Less than two minutes stays seconds: "90 seconds" reads better than its two parts.
    """
    seconds = max(0, round(length.total_seconds()))
    if seconds < 2 * _MINUTE and seconds != _MINUTE:
        return [ngettext("%(num)d second", "%(num)d seconds", seconds)]
    minutes, seconds = divmod(seconds, _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    parts = []
    if hours:
        parts.append(ngettext("%(num)d hour", "%(num)d hours", hours))
    if minutes:
        parts.append(ngettext("%(num)d minute", "%(num)d minutes", minutes))
    if seconds:
        parts.append(ngettext("%(num)d second", "%(num)d seconds", seconds))
    return parts
