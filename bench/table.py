"""Prints what was measured, as Markdown that a document can take as it is."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

import apsw

from bench.figures import milliseconds, spread
from bench.people import FULL, Variant
from bench.rounds import Plan, Result, ratios

_PACKAGES = ("uvicorn", "uvloop", "httptools", "starlette", "msgspec", "apsw", "cryptography")
_HEAD = (
    "variant",
    "users",
    "logins/s",
    "server CPU, ms per login",
    "floor CPU, ms per login",
    "**ratio**",
    "start p50/p95/p99, ms",
    "verify p50/p95/p99, ms",
    "message p50/p95/p99, ms",
)


def lines(plan: Plan, result: Result) -> Iterator[str]:
    """Yield every line of the report."""
    yield from _logins(result)
    yield ""
    yield from _without_delivery(result)
    yield ""
    yield from _parts(result)
    yield ""
    yield from _process(result)
    yield ""
    yield (
        f"{result.logins} logins by {result.created} people, 0 errors, every row found; "
        f"{plan.rounds} rounds of {plan.seconds:g} s per line; median (min to max) of the rounds."
    )
    yield _versions()


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "---|" * len(names)


def _logins(result: Result) -> Iterator[str]:
    yield from _head(*_HEAD)
    for cell in result.cells:
        yield _row(
            cell.variant.name,
            cell.users,
            spread(cell.rates, 0),
            spread(cell.cpu),
            spread(cell.floor_cpu, 3),
            f"**{spread(ratios(cell), 1)}**",
            milliseconds(cell.total.starts),
            milliseconds(cell.total.verifies),
            milliseconds(cell.total.arrivals),
        )
    bare = [rate for cell in result.cells for rate in cell.floor_rates]
    cost = [cpu for cell in result.cells for cpu in cell.floor_cpu]
    yield _row("floor", 1, spread(bare, 0), "", spread(cost, 3), "1", "", "", "")


def _without_delivery(result: Result) -> Iterator[str]:
    yield from _head("delivery apart", "users", "server CPU, ms per login", "ratio")
    for cell in result.cells:
        less = _delivery(cell.variant, result) / 1000
        yield _row(
            f"{cell.variant.name}, without its {_message(cell.variant)}",
            cell.users,
            spread([used - less for used in cell.cpu]),
            spread(ratios(cell, less), 1),
        )


def _parts(result: Result) -> Iterator[str]:
    parts = result.parts
    yield from _head("part", "CPU, µs")
    yield _row("mail: render", round(parts["render email"]))
    yield _row("mail: hand over by SMTP", round(parts["hand over email"]))
    yield _row("text: render", round(parts["render sms"]))
    yield _row("text: hand over by HTTP", round(parts["hand over sms"]))
    yield _row("ID token: sign, RS256", round(parts["sign"]))


def _process(result: Result) -> Iterator[str]:
    yield from _head("process", "")
    yield _row("first start ever, to 200 of /readyz", f"{result.first_start:.2f} s")
    if result.cold_starts:
        yield _row("cold start, to 200 of /readyz", f"{spread(result.cold_starts)} s")
    yield _row("memory (PSS), idle", f"{result.memory_idle:.0f} MiB")
    yield _row("memory (PSS), after load", f"{result.memory_after:.0f} MiB")


def _delivery(variant: Variant, result: Result) -> float:
    channel = variant.connection
    return result.parts[f"render {channel}"] + result.parts[f"hand over {channel}"]


def _message(variant: Variant) -> str:
    return "mail (render, SMTP)" if variant is FULL else "text (render, HTTP)"


def _versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}, {packages}."
