"""Sentences that are chosen now and translated when the page is rendered.

A handler knows *what* to say but not in which language, so it hands over a `Sentence`: the
English source text (the key of the catalogue) and the values that go into it. `gettext` and
`ngettext` carry the names that extraction tools look for.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec


class Address(msgspec.Struct, frozen=True):
    """An email address, phone number or code: read left to right in every language."""

    text: str


Value = str | int | Address | datetime | timedelta
"""Text is isolated, addresses are isolated left to right, times and durations become words."""


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One translatable sentence; `plural` and `count` are set together or not at all."""

    text: str
    plural: str = ""
    count: int = 0
    values: Mapping[str, Value] = msgspec.field(default_factory=dict)


def gettext(text: str, /, **values: Value) -> Sentence:
    """Name a sentence; `%(name)s` in it stands for the value of that name."""
    return Sentence(text=text, values=values)


def ngettext(singular: str, plural: str, count: int, /, **values: Value) -> Sentence:
    """Name a sentence that depends on a number, which is also the value `%(num)d`."""
    return Sentence(text=singular, plural=plural, count=count, values={"num": count, **values})
