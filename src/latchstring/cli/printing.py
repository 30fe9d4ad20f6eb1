"""Answers on standard output, refusals on standard error: aligned text, or JSON if asked.

There are no colors, so ``NO_COLOR`` has nothing to turn off.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from latchstring.base.settings_reading import SettingsError

JSON_KEY = "latchstring.json"


def wants_json() -> bool:
    """Tell whether the call asked for JSON."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(JSON_KEY))


def answer(data: object, text: str) -> None:
    """Print the outcome: the data as JSON, or the text."""
    click.echo(json.dumps(data, indent=2, default=_plain) if wants_json() else text)


def print_refusal(message: str) -> None:
    """Print why not."""
    report = json.dumps({"error": message}) if wants_json() else f"Refused: {message}"
    click.echo(report, err=True)


def print_settings_error(error: "SettingsError") -> None:
    """Print each fault of the configuration on a line of its own."""
    click.echo(json.dumps(faults(error), indent=2) if wants_json() else str(error), err=True)


def faults(error: "SettingsError") -> dict[str, Any]:
    """Return the faults as data."""
    problems = [
        {"where": problem.where, "key": problem.key, "message": problem.message}
        for problem in error.problems
    ]
    return {"error": "The configuration cannot be used.", "problems": problems}


def table(rows: Iterable[Sequence[object]], heads: Sequence[str] = ()) -> str:
    """Return rows as aligned columns."""
    lines = [[shown(cell) for cell in row] for row in rows]
    if heads:
        lines.insert(0, [head.upper() for head in heads])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def pairs(values: Mapping[str, Any]) -> str:
    """Return names and values, one pair a line."""
    return table(values.items())


def rows_by_table(rows: Mapping[str, int]) -> str:
    """Return how many rows each table has, in the order of their names."""
    return table(sorted(rows.items()), ("table", "rows"))


def shown(value: object) -> str:
    """Return a value as a person reads it; nothing is a dash."""
    if value is None or value in ("", [], ()):
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    return str(value)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
