"""Values as people read them: names on one line, durations, times, the direction of writing."""

import re
from datetime import UTC, datetime, timedelta
from gettext import NullTranslations

from latchstring.base.durations import in_words

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Embeddings, overrides and isolates could turn the rest of a sentence around; half a surrogate
# pair cannot be written in UTF-8 at all; private-use letters are the templates' stand-ins.
_TRICKS = re.compile(r"[\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff]")
_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"}
)


def one_line(text: str, limit: int) -> str:
    """Return text from elsewhere on one line, cut to so many characters, unable to play tricks."""
    line = _BLANK.sub(" ", _TRICKS.sub("", text)).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def duration(seconds: int, translations: NullTranslations) -> str:
    """Return a lifetime in words, exactly as long as it is."""

    def counted(one: str, many: str, count: int) -> str:
        return translations.ngettext(one, many, count) % {"num": count}

    first, *others = in_words(timedelta(seconds=seconds), counted)
    for other in others:
        joined = translations.gettext("%(longer)s and %(shorter)s")
        first = joined % {"longer": first, "shorter": other}
    return first


def clock_time(moment: datetime, *, seconds: bool = False) -> str:
    """Return the time of day with its zone named: nobody knows where the reader is."""
    return moment.astimezone(UTC).strftime("%H:%M:%S UTC" if seconds else "%H:%M UTC")


def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr``, as HTML's `dir` takes it."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
