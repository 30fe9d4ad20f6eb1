"""What the program wants to reach, and whether it did: judged in one run, neighbor by neighbor."""

import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.figures import Figure, percentile, ratios
from bench.plan import Plan, Result

_CORES_FOR_TWO_NODES = 6
"""Both nodes, the database and the virtual users need cores of their own to show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A goal and what was measured."""

    goal: str
    bound: float
    values: Sequence[float]
    at_least: bool = False
    remark: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the median keeps the bound."""
        middle = statistics.median(self.values)
        return middle >= self.bound if self.at_least else middle <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ratio:
    """A figure of one line by another's, of the same round and number of users."""

    goal: str
    ours: str
    theirs: str
    bound: float
    figure: Figure = lambda measure: measure.total_ms
    at_least: bool = False
    remark: str = ""


def judged(plan: Plan, result: Result) -> Iterator[Judged]:
    """Yield every goal whose figures were measured."""
    users = plan.users[-1]
    for it in (*_RATIOS, *_sizes(plan), _two_nodes()):
        ours, theirs = result.lines.get(it.ours), result.lines.get(it.theirs)
        if ours and theirs:
            yield Judged(
                goal=it.goal,
                bound=it.bound,
                values=ratios(ours.measures[users], theirs.measures[users], it.figure),
                at_least=it.at_least,
                remark=it.remark,
            )
    yield from _process(result)
    yield from _mail(result)


_RATIOS = (
    _Ratio(
        goal="lean by better-auth, PostgreSQL",
        ours="lean/postgresql",
        theirs="better-auth/postgresql",
        bound=1 / 5,
    ),
    _Ratio(
        goal="lean by better-auth, SQLite",
        ours="lean/sqlite",
        theirs="better-auth/sqlite",
        bound=1 / 8,
    ),
    _Ratio(
        goal="full (ES256) by django-allauth, PostgreSQL",
        ours="es256/postgresql",
        theirs="allauth/postgresql",
        bound=1 / 15,
    ),
    _Ratio(
        goal="lean by the bare rows (pgbench)",
        ours="lean/postgresql",
        theirs="rows/postgresql",
        bound=3,
    ),
    _Ratio(
        goal="lean, the database's CPU alone, by the bare rows (pgbench)",
        ours="lean/postgresql",
        theirs="rows/postgresql",
        bound=1.5,
        figure=lambda measure: measure.database_ms,
    ),
)


def _sizes(plan: Plan) -> Iterator[_Ratio]:
    for kind in ("sqlite", "postgresql"):
        for people in plan.people:
            yield _Ratio(
                goal=f"lean at {people:,} people by lean at 1,000, {kind}",
                ours=f"lean/{kind}/{people}",
                theirs=f"lean/{kind}",
                bound=1.2,
            )


def _two_nodes() -> _Ratio:
    cores = os.cpu_count() or 1
    return _Ratio(
        goal="logins/s of two nodes by one, on one PostgreSQL",
        ours="two nodes",
        theirs="one node",
        bound=1.8,
        figure=lambda measure: measure.rate,
        at_least=True,
        remark=f"says nothing: {cores} cores" if cores < _CORES_FOR_TWO_NODES else "",
    )


def _process(result: Result) -> Iterator[Judged]:
    for key in ("lean/sqlite", "lean/postgresql", "es256/sqlite", "es256/postgresql"):
        line = result.lines.get(key)
        if line and line.cold_starts:
            what = f"{line.name}, {line.kind}"
            yield Judged(goal=f"cold start, s: {what}", bound=0.5, values=line.cold_starts)
            yield Judged(goal=f"memory, MiB: {what}", bound=90, values=[line.memory_after])


def _mail(result: Result) -> Iterator[Judged]:
    if result.mail:
        cost = sum(result.mail.values()) / 1000
        yield Judged(goal="CPU per mail handed to SMTP, ms", bound=0.4, values=[cost])
    for line in result.lines.values():
        if line.starts:
            p95 = percentile(line.starts.handovers, 0.95)
            goal = f"mail in the relay after its request at 500/s, p95 in s, {line.kind}"
            yield Judged(goal=goal, bound=1.0, values=[p95])
