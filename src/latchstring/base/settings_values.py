"""Readers of settings: each takes a value or refuses it with one sentence.

A refusal is a ``ValueError`` whose text never repeats a text value: it may be a secret that
somebody pasted into the wrong line. Numbers may be repeated.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, NoReturn

import msgspec

Kind = Literal["text", "integer", "boolean", "list"]
"""What the value is in TOML; environment and command line hold text, which is turned into it."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RATE = re.compile(r"^([1-9][0-9]{0,8})/([1-9][0-9]{0,3})?([smhd])$")
_LONGEST_TEXT = 2048


class Reader(msgspec.Struct, frozen=True):
    """Reads one setting: its kind, what the reference says of it, and the function."""

    kind: Kind
    says: str
    parse: Callable[[Any], object]
    anchor: Callable[[Any, Path], object] | None = None
    """Makes a path absolute, starting at the configuration file's folder."""


class Rate(msgspec.Struct, frozen=True):
    """So many in so long, written ``10/h`` or ``10/2h``."""

    count: int
    window: timedelta

    def __str__(self) -> str:
        """Return the shortest way to write it."""
        seconds = int(self.window.total_seconds())
        unit = next(name for name in "dhms" if seconds % _UNITS[name] == 0)
        times = seconds // _UNITS[unit]
        return f"{self.count}/{times if times > 1 else ''}{unit}"


def refuse(reason: str) -> NoReturn:
    """Raise the refusal; usable where a value is expected."""
    raise ValueError(reason)


def plain(value: object) -> object:
    """Return a value as TOML and JSON write it: the inverse of what its reader did."""
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    return str(value)


def coerced(text: str, kind: Kind) -> object:
    """Return what environment or command line mean by a text; a list is separated by commas."""
    word = text.strip()
    if kind == "integer" and re.fullmatch(r"-?[0-9]{1,12}", word):
        return int(word)
    if kind == "boolean" and word.lower() in ("true", "false"):
        return word.lower() == "true"
    if kind == "list":
        return [item.strip() for item in word.split(",") if item.strip()]
    return text


def required(parse: Callable[[str], object], says: str) -> Reader:
    """Read text that must not be empty."""
    return Reader("text", says, lambda value: parse(_line(value) or refuse("must not be empty")))


def optional(
    parse: Callable[[str], object],
    says: str,
    *,
    absent: object = None,
    longest: int = _LONGEST_TEXT,
) -> Reader:
    """Read text whose empty form means that there is none."""

    def read(value: object) -> object:
        text = _line(value, longest)
        return parse(text) if text else absent

    return Reader("text", f"{says}; empty: none", read)


def line(limit: int) -> Reader:
    """Read one line of text, which may be empty."""
    return Reader("text", f"at most {limit} characters", lambda value: _line(value, limit))


def _line(value: object, limit: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str):
        refuse("must be text")
    text = value.strip()
    if not text.isprintable():
        refuse("must be one line, without control characters")
    if len(text) > limit:
        refuse(f"must have at most {limit} characters")
    return text


def integer(lowest: int, highest: int) -> Reader:
    """Read a whole number between two, inclusive."""

    def read(value: object) -> int:
        return _whole(value, lowest, highest, "")

    return Reader("integer", f"{lowest} to {highest}", read)


def optional_integer(lowest: int, highest: int) -> Reader:
    """Read a whole number, also as text; empty text means that there is none."""

    def read(value: object) -> int | None:
        if not isinstance(value, str):
            return _whole(value, lowest, highest, "")
        text = _line(value)
        return _whole(coerced(text, "integer"), lowest, highest, "") if text else None

    return Reader("text", f"{lowest} to {highest}; empty: none", read)


def seconds(lowest: int, highest: int) -> Reader:
    """Read a duration in whole seconds."""

    def read(value: object) -> timedelta:
        return timedelta(seconds=_whole(value, lowest, highest, " seconds"))

    return Reader("integer", f"{lowest} to {highest} seconds", read)


def _whole(value: object, lowest: int, highest: int, unit: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        refuse("must be a whole number")
    if not lowest <= value <= highest:
        refuse(f"must be {lowest} to {highest}{unit}, not {value}")
    return value


def boolean() -> Reader:
    """Read true or false."""

    def read(value: object) -> bool:
        return value if isinstance(value, bool) else refuse("must be true or false")

    return Reader("boolean", "true or false", read)


def choice(options: type[StrEnum] | tuple[str, ...]) -> Reader:
    """Read one of a few words."""
    words = {str(option): option for option in options}
    *others, last = words
    says = f"{', '.join(others)} or {last}"

    def read(value: object) -> object:
        return (
            words[value] if isinstance(value, str) and value in words else refuse(f"must be {says}")
        )

    return Reader("text", says, read)


def listing(parse: Callable[[str], object], says: str) -> Reader:
    """Read a list of texts, none of them twice; it may be empty."""

    def read(value: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            refuse("must be a list")
        items = tuple(parse(_line(item) or refuse("must not hold empty text")) for item in value)
        if len(set(items)) != len(items):
            refuse("must not hold the same value twice")
        return items

    return Reader("list", says, read)


def waits(lowest: int, highest: int) -> Reader:
    """Read a list of waits in seconds: the first time, the second time, and so on."""

    def read(value: object) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or not value:
            refuse("must be a list of seconds")
        numbers = [coerced(item, "integer") if isinstance(item, str) else item for item in value]
        return tuple(_whole(number, lowest, highest, " seconds") for number in numbers)

    return Reader("list", f"a list of {lowest} to {highest} seconds", read)


def rate(text: str) -> Rate:
    """Read ``10/h``: a count, a slash, and a window in s, m, h or d."""
    match = _RATE.match(text) or refuse('must be written like "10/h", "10/2h" or "100/d"')
    times = int(match[2] or 1)
    return Rate(int(match[1]), timedelta(seconds=times * _UNITS[match[3]]))
