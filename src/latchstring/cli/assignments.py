"""``name=value`` arguments, in the words of the configuration file."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import click

from latchstring.base.settings_declarations import declarations
from latchstring.base.settings_values import coerced

_LENGTH = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def length_of_time(text: str) -> timedelta:
    """Return what ``30m`` or ``7d`` means; whether it is too long is judged where it is used."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise click.UsageError("A length of time is a number with s, m, h or d, such as 7d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def assignments(kind: type, arguments: Iterable[str]) -> dict[str, Any]:
    """Return the values given, as the file would hold them.

    A list is separated by commas, or its name is given once for each element. What a value may be
    is judged where it is used; a secret is refused here, because it is already on show.
    """
    declared = declarations(kind)
    values: dict[str, Any] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals:
            raise click.UsageError("Settings are given as name=value, such as code_lifetime=300.")
        item = declared.get(name)
        if item is not None and item.secret:
            raise click.UsageError(f"{name} is a secret: give --secret-stdin, never an argument.")
        value = text if item is None else coerced(text, item.reader.kind)
        if isinstance(value, list) and name in values:
            value = [*values[name], *value]
        elif name in values:
            raise click.UsageError(f"{name} is given twice.")
        values[name] = value
    return values
