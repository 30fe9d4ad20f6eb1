"""Values as people read them: names on one line, durations, times, the direction of writing."""

import re
from datetime import UTC, datetime
from gettext import NullTranslations

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Embeddings, overrides and isolates could turn the rest of a sentence around; half a surrogate
# pair cannot be written in UTF-8 at all; private-use letters are the templates' stand-ins.
_TRICKS = re.compile(r"[\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff]")
_MINUTE = 60
_HOUR = 3600
_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"}
)


def one_line(text: str, limit: int) -> str:
    """Return text from elsewhere on one line, cut to so many characters, unable to play tricks."""
    line = _BLANK.sub(" ", _TRICKS.sub("", text)).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def duration(seconds: int, translations: NullTranslations) -> str:
    """Return a lifetime in words, never longer than it is."""
    if seconds >= _HOUR and seconds % _HOUR == 0:
        hours = seconds // _HOUR
        return translations.ngettext("%(num)d hour", "%(num)d hours", hours) % {"num": hours}
    if seconds % _MINUTE == 0 or seconds > 2 * _MINUTE:
        minutes = seconds // _MINUTE
        return translations.ngettext("%(num)d minute", "%(num)d minutes", minutes) % {
            "num": minutes
        }
    return translations.ngettext("%(num)d second", "%(num)d seconds", seconds) % {"num": seconds}


def clock_time(moment: datetime, *, seconds: bool = False) -> str:
    """Return the time of day with its zone named: nobody knows where the reader is."""
    return moment.astimezone(UTC).strftime("%H:%M:%S UTC" if seconds else "%H:%M UTC")


def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr``, as HTML's `dir` takes it."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
