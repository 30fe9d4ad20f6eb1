"""The run: each heat prepared, started, warmed up, measured in rounds, checked and ended."""

import asyncio
import statistics
import sys
from contextlib import AsyncExitStack

from bench import mailing
from bench.entrants import Entrant, Served
from bench.heats import HEATS, Heat
from bench.plan import Line, Plan, Result
from bench.sinks import sinks

_STARTS_PER_SECOND = 500
_MAILING = ("es256/postgresql", "es256/sqlite")
"""Whose mails are timed at that rate."""


async def run(plan: Plan) -> Result:
    """Measure; raise ``BenchFailed`` if one login failed or left other rows than it should."""
    result = Result()
    async with sinks(plan.folder) as edges:
        for name in plan.heats:
            async with AsyncExitStack() as stack:
                _tell(f"{name}: make databases, install, load people")
                heat = Heat(plan, edges, stack)
                await HEATS[name](heat)
                result.lines |= await _raced(heat)
                result.mail |= await _mail(heat)
    return result


async def _raced(heat: Heat) -> dict[str, Line]:
    """Return what was measured of each entrant."""
    lines = {
        key: Line(key=key, name=entrant.name, kind=entrant.kind, people=entrant.people)
        for key, entrant in heat.entrants.items()
    }
    runners = [(lines[key], entrant) for key, entrant in heat.entrants.items()]
    for line, entrant in runners:
        await _start(heat.plan, line, entrant)
    for line, entrant in runners:
        await _warm_up(heat.plan, line, entrant)
    for number in range(heat.plan.rounds):
        _tell(f"round {number + 1} of {heat.plan.rounds}")
        for users in heat.plan.users:
            for line, entrant in runners:
                measure = await entrant.measure(users, heat.plan.seconds)
                line.measures.setdefault(users, []).append(measure)
    _tell("half load")
    for line, entrant in runners:
        await _finish(heat.plan, line, entrant)
    return lines


async def _start(plan: Plan, line: Line, entrant: Entrant) -> None:
    """Prepare it, start it again and again, and leave it running."""
    await entrant.prepare()
    if not isinstance(entrant, Served):
        return
    first, *others = entrant.contestant.servers
    await asyncio.to_thread(first.start)
    for _ in range(plan.cold_starts):
        await asyncio.to_thread(first.stop)
        line.cold_starts.append(await asyncio.to_thread(first.start))
    for server in others:
        await asyncio.to_thread(server.start)


async def _warm_up(plan: Plan, line: Line, entrant: Entrant) -> None:
    """Weigh it before its first request; then let it compile and cache what it wants to."""
    if isinstance(entrant, Served):
        line.memory_idle = entrant.memory()
        await entrant.measure(plan.users[-1], plan.warm_up)


async def _finish(plan: Plan, line: Line, entrant: Entrant) -> None:
    """Measure latencies when half of what it can do is asked of it; then check and weigh it."""
    if isinstance(entrant, Served):
        line.half_rate = statistics.median(m.rate for m in line.measures[plan.users[-1]]) / 2
        line.half = await entrant.at_rate(line.half_rate, 2 * plan.seconds)
        if line.key in _MAILING:
            line.starts = await entrant.starts_at_rate(_STARTS_PER_SECOND, 2 * plan.seconds)
        line.memory_after = entrant.memory()
    await entrant.check_rows()


async def _mail(heat: Heat) -> dict[str, float]:
    """Measure what a mail costs by itself, where mails were sent."""
    entrant = heat.entrants.get(_MAILING[0])
    if not isinstance(entrant, Served) or entrant.contestant.configuration is None:
        return {}
    return await mailing.costs(entrant.contestant.configuration)


def _tell(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)
