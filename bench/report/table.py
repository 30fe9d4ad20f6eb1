"""Prints what was measured, as Markdown that a document can take as it is."""

from collections.abc import Iterator

from bench.comparisons import compared
from bench.figures import Figure, Measure, milliseconds, spread
from bench.goals import Judged, judged
from bench.plan import Line, Plan, Result
from bench.report import versions


def lines(plan: Plan, result: Result) -> Iterator[str]:
    """Yield every line of the report."""
    for section in (_goals, _compared, _logins, _latencies, _processes, _mail):
        yield from section(plan, result)
        yield ""
    yield from _small_print(plan, result)


def _goals(plan: Plan, result: Result) -> Iterator[str]:
    yield from _head("goal", "bound", "measured", "")
    for goal in judged(plan, result):
        yield _row(goal.goal, _bound(goal), f"**{spread(goal.values, 3)}**", _verdict(goal))


def _compared(plan: Plan, result: Result) -> Iterator[str]:
    pairs = list(compared(plan, result))
    if pairs:
        yield from _head("compared", "database", "CPU, times", "CPU, ms more")
    for pair in pairs:
        yield _row(pair.what, pair.kind, spread(pair.times), spread(pair.more_ms, 3))


def _logins(_plan: Plan, result: Result) -> Iterator[str]:
    yield from _head(
        *("contestant", "database", "people", "virtual users", "logins/s"),
        *("server CPU, ms per login", "database CPU, ms per login", "**CPU, ms per login**"),
    )
    for line in result.lines.values():
        for users, measures in line.measures.items():
            server = _of(measures, lambda m: m.server_ms)
            database = _of(measures, lambda m: m.database_ms)
            yield _row(
                *(line.name, line.kind, f"{line.people:,}", users),
                spread([m.rate for m in measures], 0),
                server if any(m.server for m in measures) else "",
                database if any(m.database for m in measures) else "",
                f"**{_of(measures, lambda m: m.total_ms)}**",
            )


def _latencies(_plan: Plan, result: Result) -> Iterator[str]:
    yield from _head(
        *("at half load", "database", "people", "logins/s"),
        *("ask p50/p95/p99, ms", "code in the sink, ms", "answer, ms"),
    )
    for line in result.lines.values():
        if line.half is not None:
            yield _row(
                *(line.name, line.kind, f"{line.people:,}", round(line.half_rate)),
                *map(milliseconds, (line.half.requests, line.half.handovers, line.half.verifies)),
            )


def _processes(_plan: Plan, result: Result) -> Iterator[str]:
    yield from _head(
        *("process", "database", "people", "cold start, s"),
        *("memory (PSS) idle, MiB", "after load, MiB"),
    )
    for line in result.lines.values():
        if line.memory_idle:
            yield _row(
                *(line.name, line.kind, f"{line.people:,}"),
                spread(line.cold_starts) if line.cold_starts else "",
                *(round(line.memory_idle), round(line.memory_after)),
            )


def _mail(_plan: Plan, result: Result) -> Iterator[str]:
    if result.mail:
        yield from _head("a mail", *result.mail)
        yield _row("CPU, µs", *map(round, result.mail.values()))


def _small_print(plan: Plan, result: Result) -> Iterator[str]:
    logins = sum(m.logins for line in result.lines.values() for m in _all(line))
    yield (
        f"{logins:,} logins, 0 errors, every row found; {plan.rounds} rounds of {plan.seconds:g} s "
        "a line; median (min to max) of the rounds."
    )
    yield ""
    yield from versions.lines(plan)


def _all(line: Line) -> Iterator[Measure]:
    for measures in line.measures.values():
        yield from measures


def _of(measures: list[Measure], figure: Figure) -> str:
    return spread(list(map(figure, measures)), 3)


def _bound(goal: Judged) -> str:
    return f"{'≥' if goal.at_least else '≤'} {goal.bound:.3g}"


def _verdict(goal: Judged) -> str:
    return goal.remark or ("met" if goal.is_met else "not met")


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "---|" * len(names)
