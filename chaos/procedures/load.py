"""R-32, R-34, R-35: too many people, for a long time, and a house that is cleaned meanwhile."""

import asyncio
import math
import subprocess
import sys
import time
from pathlib import Path

from chaos.blast import Blast, Tally
from chaos.crowd import Crowd, asked_between, unproven, with_codes
from chaos.databases import Database
from chaos.driver import at_once
from chaos.figures import Figure, at_least, at_most, none_of, percentile, told
from chaos.ledger import OK
from chaos.nodes import Node
from chaos.people import add_expired
from chaos.procedures.races import crowd_of_nodes
from chaos.procedures.room import make_room
from chaos.registry import procedure
from chaos.stage import Stage

_ROOT = Path(__file__).resolve().parents[2]
_MEMORY_MIB = 400
_SHEDDING = {200, 429, 503}
_LEAST_SECONDS = 0.02


@procedure(
    "R-32",
    "ten times as many requests as can be answered, over 3,000 connections",
    bound="goodput ≥ 80 % of the peak; the rest 429 or 503 with Retry-After; memory bounded; "
    "normal ≤ 10 s after",
)
async def overload(stage: Stage) -> list[Figure]:
    """Who is too much is told to come back; the others are served as fast as ever."""
    seconds = stage.scale.seconds(short=0.5, full=20)
    connections = stage.scale.pick(short=60, full=3000)
    make_room(connections)
    [node] = await stage.started()
    before = await _p99(stage, node, "before")
    peak = await Blast(node.port, "peak").run(24, stage.scale.pick(short=0.5, full=8))
    crush = await Blast(node.port, "crush").run(connections, seconds)
    memory = node.memory()
    over = time.monotonic()
    normal = max(3 * before, _LEAST_SECONDS) if stage.scale.is_full else math.inf
    while (after := await _p99(stage, node, "after")) > normal and time.monotonic() < over + 60:
        pass
    back = time.monotonic() - over
    answered = {*peak.people, *crush.people}
    missing = await stage.messages.wait_for_all(answered, patience=120)
    return [
        *await stage.ledger_check(),
        *_shed(stage, peak, crush),
        at_most("memory", memory, _MEMORY_MIB, " MiB"),
        at_most("back to normal after", back, 10 * stage.scale.patience, " s"),
        told(f"p99 before {before * 1000:.0f} ms, after {after * 1000:.0f} ms"),
        none_of("acknowledged sends lost", missing, len(answered)),
    ]


def _shed(stage: Stage, peak: Tally, crush: Tally) -> list[Figure]:
    share = stage.scale.pick(short=0.3, full=0.8)
    refused = crush.statuses.total() - crush.statuses[OK]
    return [
        at_least("goodput", crush.goodput, share * peak.goodput, "/s"),
        told(f"peak {peak.goodput:,.0f}/s, asked {crush.offered:,.0f}/s, refused {refused:,}"),
        none_of("other answers", set(crush.statuses) - _SHEDDING),
        at_most("refusals without Retry-After", crush.mute, 0),
        at_most("connections cut unanswered", crush.broken, 0.01 * crush.statuses.total()),
    ]


async def _p99(stage: Stage, node: Node, label: str) -> float:
    """Return the p99 of a few logins' requests."""
    began = time.monotonic()
    rounds = stage.scale.pick(short=2, full=25)

    async def live(_client: int) -> None:
        for _ in range(rounds):
            await stage.driver.sign_in(stage.driver.person(label), node)

    await at_once(2, live)
    entries = asked_between(stage, began, time.monotonic())
    return percentile((entry.seconds for entry in entries), 0.99)


@procedure(
    "R-34",
    "soaking: logins, wrong answers and refusals at half of what can be carried",
    bound="memory ≤ 3 % more after warming up; files flat; p99 last to first quarter ≤ 1.2",
)
async def soak(stage: Stage) -> list[Figure]:
    """Nothing grows that should not."""
    seconds = stage.scale.seconds(short=1.2, full=300)
    nodes = await crowd_of_nodes(stage)
    memory: list[tuple[float, float]] = []
    files: list[int] = []
    crowd = Crowd(
        stage, nodes, starters=6, guessers=3, pause=stage.scale.pick(short=0.1, full=0.03)
    )
    began = time.monotonic()
    async with crowd:
        over = asyncio.Event()
        signing_in = asyncio.create_task(_sign_in_on(stage, nodes, over))
        while (now := time.monotonic() - began) < seconds:
            await asyncio.sleep(seconds / 40)
            memory.append((now, sum(node.memory() for node in nodes)))
            files.append(sum(node.files() for node in nodes))
        over.set()
        await signing_in
    await stage.settled(60)
    warm = [size for at, size in memory if at > seconds / 3]
    third = max(1, len(warm) // 4)
    growth = sum(warm[-third:]) / sum(warm[:third]) - 1
    quarters = [
        percentile((e.seconds for e in asked_between(stage, begin, begin + seconds / 4)), 0.99)
        for begin in (began + seconds / 8, began + seconds * 0.75)
    ]
    return [
        *await stage.ledger_check(),
        at_most("memory gained", growth * 100, 3 * stage.scale.patience, " %"),
        at_most("files gained", files[-1] - files[len(files) // 3], 20 * stage.scale.patience),
        _p99_kept(stage, *quarters),
        told(f"in the first {quarters[0] * 1000:.1f} ms, {warm[-1]:.0f} MiB, {seconds:.0f} s"),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
        none_of(
            "starts that failed",
            [e.name for e in stage.ledger.entries if e.kind == "start" and e.status != OK],
            len(stage.ledger.entries),
        ),
    ]


def _p99_kept(stage: Stage, first: float, last: float) -> Figure:
    text = "p99 in the last quarter"
    if not stage.scale.is_full:  # a moment's p99 is the slowest of a few
        return told(f"{text} {last * 1000:.0f} ms")
    bound = max(1.2 * first, first + _LEAST_SECONDS)
    return at_most(text, last * 1000, bound * 1000, " ms")


async def _sign_in_on(stage: Stage, nodes: list[Node], over: asyncio.Event) -> None:
    number = 0
    while not over.is_set():
        number += 1
        node, other = nodes[number % len(nodes)], nodes[(number + 1) % len(nodes)]
        await stage.driver.sign_in(stage.driver.person("soak"), node, other)
        await asyncio.sleep(0.02)


@procedure(
    "R-35",
    "a million expired challenges and sessions are purged by two nodes while people sign in",
    bound="login p99 ≤ 1.5 × baseline; nothing living is removed; nothing expired is left",
)
async def purge_under_load(stage: Stage) -> list[Figure]:
    """House-keeping goes in small steps, and people go first."""
    count = stage.scale.pick(short=500, full=500_000)
    nodes = await crowd_of_nodes(stage)
    holders = await with_codes(stage, nodes, 10)
    await add_expired(stage.database, count, now=time.time())
    async with Crowd(stage, nodes, starters=2, guessers=1):
        baseline = await _logins_for(stage, nodes, "quiet", stage.scale.pick(short=0.5, full=12))
        purging = asyncio.create_task(_purge(stage))
        began = time.monotonic()
        busy = await _logins_for(stage, nodes, "busy", stage.scale.pick(short=0.5, full=45))
        while await _left(stage.database) and time.monotonic() < began + 600:
            await asyncio.sleep(0.5)
        took = time.monotonic() - began
        await purging
        for person, code in holders:
            await stage.driver.verify(person, code, nodes[0])
    await stage.settled()
    return [
        *await stage.ledger_check(),
        at_most(
            "login p99 meanwhile",
            busy * 1000,
            max(1.5 * baseline, baseline + _LEAST_SECONDS) * stage.scale.patience * 1000,
            " ms",
        ),
        told(f"before {baseline * 1000:.1f} ms"),
        none_of("living codes that were removed", unproven(stage, holders), len(holders)),
        at_most("expired rows left", await _left(stage.database), 0),
        at_most("gone after", took, 600, " s"),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


async def _logins_for(stage: Stage, nodes: list[Node], label: str, seconds: float) -> float:
    began = time.monotonic()
    number = 0
    while time.monotonic() < began + seconds:
        number += 1
        node, other = nodes[number % len(nodes)], nodes[(number + 1) % len(nodes)]
        await stage.driver.sign_in(stage.driver.person(label), node, other)
    mine = [e for e in asked_between(stage, began, time.monotonic()) if e.person.startswith(label)]
    return percentile((entry.seconds for entry in mine), 0.99)


async def _purge(stage: Stage) -> None:
    """Purge at once in two processes, beside the nodes that do it every half minute."""
    command = [sys.executable, "-m", "chaos.purging", str(stage.nodes[0].configuration)]
    await asyncio.gather(
        *(
            asyncio.to_thread(subprocess.run, command, cwd=_ROOT, capture_output=True, check=True)
            for _ in range(2)
        )
    )


async def _left(database: Database) -> int:
    total = 0
    for table, column in (("challenges", "identifier_digest"), ("sessions", "id")):
        sql = f"select count(*) from (select 1 from {table} where {column} like 'old-%' limit 1) t"  # noqa: S608 - our own names
        [(count,)] = await database.rows(sql)
        total += int(count)
    return total
