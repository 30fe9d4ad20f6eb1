"""R-32, R-34, R-35: too many people, for a long time, and a house that is cleaned meanwhile."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import linear_regression, median

from chaos.blast import Blast, Tally
from chaos.crowd import Crowd, asked_between, unproven, with_codes
from chaos.databases import POSTGRESQL, SQLITE, Database
from chaos.driver import at_rate
from chaos.figures import Figure, at_least, at_most, exactly, none_of, percentile, told
from chaos.ledger import OK, START
from chaos.nodes import Node
from chaos.people import add_expired
from chaos.procedures.races import crowd_of_nodes
from chaos.procedures.room import make_room
from chaos.registry import procedure
from chaos.stage import Stage
from latchstring.flows.purge_expired import BATCH

_ROOT = Path(__file__).resolve().parents[2]
_MEMORY_MIB = 400
_MIB_AN_HOUR = 1
_SHEDDING = {200, 429, 503}
_LEAST_SECONDS = 0.02
_BATCH_SECONDS = 0.05
_NO_ADDRESS = "nobody"
_ALL_IS_OVER_DAYS = 400
_STAY = {"users", "identifiers", "signing_keys"}
"""Tables that no purge empties: people, and the next keys, which join a minute after the start."""


@procedure(
    "R-32",
    "3,000 connections for a minute, each asking again once it is answered, where 24 give the peak",
    bound="goodput ≥ 80 % of the peak, though more than that is asked; the rest 429 or 503 with "
    "Retry-After; memory ≤ 400 MiB; ≤ 10 s after, three seconds whose p99 is each ≤ 3 × the "
    "median before, or 20 ms",
)
async def overload(stage: Stage) -> list[Figure]:
    """Who is too much is told to come back; the others are served as fast as ever."""
    seconds = stage.scale.seconds(short=0.5, full=60)
    connections = stage.scale.pick(short=60, full=3000)
    make_room(connections)
    [node] = await stage.started()
    await _p99s(stage, node, 1)  # what is done for the first time takes longer
    before = median(await _p99s(stage, node, stage.scale.pick(short=1, full=10)))
    peak = await Blast(node.port, "peak").run(24, stage.scale.pick(short=0.5, full=8))
    crush = await Blast(node.port, "crush").run(connections, seconds)
    over = time.monotonic()
    memory = node.memory()
    after = await _p99s(stage, node, stage.scale.pick(short=1, full=20))
    answered = {*peak.people, *crush.people}
    missing = await _until_sent(stage, answered, patience=450)
    sent = time.monotonic() - over
    signed_in = await stage.driver.sign_in(stage.driver.person("end"), node)
    await stage.settled()
    return [
        *await stage.ledger_check(),
        *_shed(stage, peak, crush),
        at_most("memory", memory, _MEMORY_MIB, " MiB"),
        _back_to_normal(stage, before, after),
        none_of("acknowledged sends lost", missing, len(answered)),
        told(f"the last of their mails after {sent:.0f} s"),
        none_of("logins that failed afterwards", [] if signed_in else ["one"]),
    ]


def _shed(stage: Stage, peak: Tally, crush: Tally) -> list[Figure]:
    share = stage.scale.pick(short=0.3, full=0.8)
    refused = crush.statuses.total() - crush.statuses[OK]
    times = crush.offered / peak.goodput
    return [
        at_least("goodput", crush.goodput, share * peak.goodput, "/s"),
        told(f"peak {peak.goodput:,.0f}/s, asked {crush.offered:,.0f}/s, refused {refused:,}"),
        # Whoever waits for an answer cannot ask for more, so this is far from 3,000 / 24.
        at_least("asked, times the peak", times, stage.scale.pick(short=0.3, full=1.2)),
        none_of("other answers", set(crush.statuses) - _SHEDDING),
        at_most("refusals without Retry-After", crush.mute, 0),
        at_most("connections cut unanswered", crush.broken, 0.01 * crush.statuses.total()),
    ]


async def _p99s(stage: Stage, node: Node, seconds: int) -> list[float]:
    """Return the p99 of each second's requests while a few people ask."""
    began = time.monotonic()
    async with Crowd(stage, [node]):
        await asyncio.sleep(seconds)
    return [
        percentile((e.seconds for e in asked_between(stage, begin, begin + 1)), 0.99)
        for begin in (began + number for number in range(seconds))
    ]


def _back_to_normal(stage: Stage, before: float, after: Sequence[float]) -> Figure:
    """Return the figure for when requests took no longer than before, three seconds in a row."""
    normal = max(3 * before, _LEAST_SECONDS)
    shown = f"p99 before {before * 1000:.0f} ms, worst second {max(after) * 1000:.0f} ms"
    if not stage.scale.is_full:  # a moment's p99 is the slowest of a few
        return told(f"{shown} after")
    whole = range(len(after) - 2)
    back = next((n for n in whole if max(after[n : n + 3]) <= normal), len(after))
    return at_most(f"{shown}; back to normal after", back, 10, " s")


async def _until_sent(stage: Stage, people: set[str], patience: float) -> set[str]:
    """Wait until each has a message; return who has none. Looks seldom: it would take the CPU."""
    deadline = time.monotonic() + patience
    stage.messages.refresh()
    while (missing := people - stage.messages.to.keys()) and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        stage.messages.refresh()
    return missing


@procedure(
    "R-34",
    "soaking: logins, wrong answers and refusals at half of what was carried before, mail included",
    bound="memory ≤ 3 % more after warming up, or ≤ 1 MiB an hour; ≤ 20 files more, people's "
    "connections apart; p99 last to first quarter ≤ 1.2, or ≤ 20 ms more; tables ≤ 5 % "
    "larger than before once all is purged",
)
async def soak(stage: Stage) -> list[Figure]:
    """Nothing grows that should not."""
    seconds = stage.scale.seconds(short=2.0, full=300)
    nodes = await crowd_of_nodes(stage)
    tables = await _sizes(stage.database)
    carried = await _carried(stage, nodes)
    rate = carried * stage.scale.pick(short=0.1, full=0.5)
    samples: list[_Sample] = []
    over = asyncio.Event()
    sampling = asyncio.create_task(_sample(nodes, samples, seconds / 40, over))
    began = time.monotonic()
    await at_rate(rate, seconds, partial(_one_of_many, stage, nodes))
    took = time.monotonic() - began
    over.set()
    await sampling
    await stage.settled(60)
    quarters = [
        percentile((e.seconds for e in asked_between(stage, begin, begin + seconds / 4)), 0.99)
        for begin in (began + seconds / 8, began + seconds * 0.75)
    ]
    failed = [
        e.name
        for e in stage.ledger.entries
        if e.kind == START and e.status != OK and e.person != _NO_ADDRESS
    ]
    done = rate * seconds / took
    return [
        *await stage.ledger_check(),
        told(f"carried {carried:,.0f} starts/s with their mail"),
        at_least("driven", done, stage.scale.pick(short=0.0, full=0.9) * rate, "/s"),
        _kept_memory(stage, [sample for sample in samples if sample.at > began + seconds / 3]),
        at_most(
            "files gained",
            samples[-1].files - samples[len(samples) // 3].files,
            20 * stage.scale.patience,
        ),
        told("tasks of the event loop are not visible from outside; memory tells of them"),
        _p99_kept(stage, *quarters),
        told(f"in the first {quarters[0] * 1000:.1f} ms, {seconds:.0f} s"),
        *await _purged(stage, tables),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
        none_of("starts that failed", failed, len(stage.ledger.entries)),
    ]


async def _carried(stage: Stage, nodes: Sequence[Node]) -> float:
    """Return how many starts a second are carried: from the first until the last mail is there."""
    began = time.monotonic()
    seconds = stage.scale.pick(short=0.3, full=8)
    tallies = await asyncio.gather(
        *(Blast(n.port, f"carried-{n.name}").run(24 // len(nodes), seconds) for n in nodes)
    )
    people = {person for tally in tallies for person in tally.people}
    if missing := await _until_sent(stage, people, patience=120):
        raise RuntimeError(f"{len(missing)} of {len(people)} mails never came")
    return len(people) / (time.monotonic() - began)


async def _one_of_many(stage: Stage, nodes: Sequence[Node], number: int) -> None:
    """Do what the crowd does: of ten, seven starts, a login, a wrong answer, no address."""
    node, other = nodes[number % len(nodes)], nodes[(number + 1) % len(nodes)]
    driver = stage.driver
    match number % 10:
        case 7:
            await driver.sign_in(driver.person("soak"), node, other)
        case 8:
            await driver.verify(driver.person("mallory"), "000000", node)
        case 9:
            await driver.start(_NO_ADDRESS, node)
        case _:
            await driver.start(driver.person("soak"), node)


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    memory: float
    files: int


async def _sample(
    nodes: Sequence[Node], samples: list[_Sample], pause: float, over: asyncio.Event
) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), pause)
        memory, files = sum(n.memory() for n in nodes), sum(map(_own_files, nodes))
        samples.append(_Sample(time.monotonic(), memory, files))


def _own_files(node: Node) -> int:
    """Return how many files a node has open, apart from the connections of the people outside.

    Of those there are as many as people have kept: a slow second makes them more, for a while.
    """
    connections = [c for each in node.tree() for c in each.net_connections("tcp4")]
    return node.files() - len([c for c in connections if c.raddr and c.laddr.port == node.port])


def _kept_memory(stage: Stage, warm: Sequence[_Sample]) -> Figure:
    """Return the figure for what memory gained since it was warm, by its ends and by its slope."""
    sizes = [sample.memory for sample in warm]
    part = max(1, len(sizes) // 4)
    percent = (sum(sizes[-part:]) / sum(sizes[:part]) - 1) * 100
    slope = linear_regression([sample.at for sample in warm], sizes).slope * 3600
    most = 3 * stage.scale.patience
    return Figure(
        f"memory gained {percent:.2f} %, {slope:,.1f} MiB/h, to {sizes[-1]:.0f} MiB",
        f"≤ {most:g} % or ≤ {_MIB_AN_HOUR} MiB/h",
        percent <= most or slope <= _MIB_AN_HOUR,
    )


def _p99_kept(stage: Stage, first: float, last: float) -> Figure:
    text = "p99 in the last quarter"
    if not stage.scale.is_full:  # a moment's p99 is the slowest of a few
        return told(f"{text} {last * 1000:.0f} ms")
    bound = max(1.2 * first, first + _LEAST_SECONDS)
    return at_most(text, last * 1000, bound * 1000, " ms")


async def _purged(stage: Stage, before: Mapping[str, int]) -> list[Figure]:
    """Purge as it will be when all of this is over, and compare the tables with those before."""
    full = await _sizes(stage.database)
    [purge] = await _purge(stage, processes=1, days=_ALL_IS_OVER_DAYS)
    after = await _sizes(stage.database)
    grown = [
        f"{table}: {before[table]} to {count}"
        for table, count in after.items()
        if table not in _STAY and count > 1.05 * before[table]
    ]
    people = {entry.person for entry in stage.ledger.successes}
    return [
        at_least("rows purged", int(purge["rows"]), sum(full.values()) / 2),
        none_of("tables larger than before", grown, len(after)),
        exactly("users that stay", after["users"] - before["users"], len(people)),
    ]


async def _sizes(database: Database) -> dict[str, int]:
    """Return how many rows each table has."""
    names = {
        SQLITE: "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'",
        POSTGRESQL: "select tablename from pg_tables where schemaname = 'public'",
    }
    found = {}
    for (table,) in await database.rows(names[database.kind]):
        [(count,)] = await database.rows(f'select count(*) from "{table}"')  # noqa: S608 - our own names
        found[str(table)] = int(count)
    return found


@procedure(
    "R-35",
    "a million expired challenges and sessions are purged by two nodes while people sign in",
    bound="login p99 ≤ 1.5 × baseline, or ≤ 20 ms more; 99 % of the batches hold what they lock "
    "≤ 50 ms; nothing living is removed; nothing expired is left",
)
async def purge_under_load(stage: Stage) -> list[Figure]:
    """House-keeping goes in small steps, and people go first."""
    count = stage.scale.pick(short=500, full=500_000)
    nodes = await crowd_of_nodes(stage)
    holders = await with_codes(stage, nodes, 10)
    await add_expired(stage.database, count, now=time.time())
    async with Crowd(stage, nodes, starters=2, guessers=1):
        baseline = await _logins_for(stage, nodes, "quiet", stage.scale.pick(short=0.5, full=12))
        purging = asyncio.create_task(_purge(stage, processes=2))
        began = time.monotonic()
        busy = await _logins_for(stage, nodes, "busy", stage.scale.pick(short=0.5, full=45))
        while await _left(stage.database) and time.monotonic() < began + 600:
            await asyncio.sleep(0.5)
        took = time.monotonic() - began
        purges = await purging
        batches = sum(each["transactions"] for each in purges)
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
        # The nodes purge, too, so how many of the rows fall to these two is not known before.
        at_least("batches", batches, stage.scale.pick(short=2, full=500)),
        at_most("rows a batch", sum(each["rows"] for each in purges) / max(1, batches), BATCH),
        at_most(
            "of which p99",
            max(each["p99"] for each in purges) * 1000,
            _BATCH_SECONDS * stage.scale.patience * 1000,
            " ms",
        ),
        told(f"longest {max(each['longest'] for each in purges) * 1000:.0f} ms"),
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


async def _purge(stage: Stage, *, processes: int, days: int = 0) -> list[dict[str, float]]:
    """Purge at once in so many processes, beside the nodes that do it every half minute."""
    file = str(stage.nodes[0].configuration)
    command = [sys.executable, "-m", "chaos.purging", file, str(days)]
    ended = await asyncio.gather(
        *(
            asyncio.to_thread(subprocess.run, command, cwd=_ROOT, capture_output=True, check=True)
            for _ in range(processes)
        )
    )
    return [json.loads(each.stdout) for each in ended]


async def _left(database: Database) -> int:
    total = 0
    for table, column in (("challenges", "identifier_digest"), ("sessions", "id")):
        sql = f"select count(*) from (select 1 from {table} where {column} like 'old-%' limit 1) t"  # noqa: S608 - our own names
        [(count,)] = await database.rows(sql)
        total += int(count)
    return total
