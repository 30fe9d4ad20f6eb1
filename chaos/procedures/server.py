"""R-08, R-09, R-10: the PostgreSQL server is gone, says nothing, or takes no more connections."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from chaos.crowd import Crowd, asked_between, unproven, with_codes
from chaos.databases import POSTGRESQL, ServerDatabase, consumed
from chaos.driver import at_once
from chaos.figures import Figure, at_least, at_most, none_of, percentile, told
from chaos.ledger import OK, Entry
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage

_UNAVAILABLE = 503
_PUBLIC = ("/.well-known/jwks.json", "/.well-known/openid-configuration")
_GRACE = 0.1
"""Seconds in which an answer that was on its way may still arrive."""


def server_of(stage: Stage) -> ServerDatabase:
    """Return the PostgreSQL below the stage."""
    assert isinstance(stage.database, ServerDatabase)
    return stage.database


@procedure(
    "R-08",
    "PostgreSQL is stopped under load for a minute, then started",
    bound="503 with Retry-After ≤ 2 s, never 200 or 500; live, not ready; keys and discovery still "
    "answer; full service ≤ 5 s after; no wrong success",
    databases=(POSTGRESQL,),
    hurts_server=True,
)
async def server_stopped(stage: Stage) -> list[Figure]:
    """Without its database a node says so at once, and is back as soon as the database is."""
    cluster, patience = server_of(stage).cluster, stage.scale.patience
    nodes = await stage.started(2)
    holders = await with_codes(stage, nodes, 8)
    async with Crowd(stage, nodes):
        await asyncio.sleep(0.5)
        await asyncio.to_thread(cluster.stop)
        down = time.monotonic()
        async with Crowd(stage, nodes, starters=0, guessers=0, holders=holders):
            not_ready = await _until(nodes, _UNAVAILABLE, patience=20)
            await asyncio.sleep(stage.scale.seconds(short=1.0, full=60))
            health = await _health(nodes)
            up = time.monotonic()
            await asyncio.to_thread(cluster.start)
            ready = await _until(nodes, OK, patience=60)
            back = await all_serve(stage, nodes)
            await asyncio.sleep(0.5)
    await stage.settled()
    meanwhile = asked_between(stage, down + _GRACE, up)
    return [
        *await stage.ledger_check(),
        *_refusals(meanwhile, patience),
        at_most("not ready after", not_ready - down, 2 * patience, " s"),
        *health,
        at_most("ready again after", ready - up, 5 * patience, " s"),
        at_most("every node serves again after", back - up, 5 * patience, " s"),
        none_of("right codes not accepted afterwards", unproven(stage, holders), len(holders)),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


def _refusals(meanwhile: Sequence[Entry], patience: float) -> list[Figure]:
    wrong = [e.name for e in meanwhile if e.status != _UNAVAILABLE]
    mute = [e.name for e in meanwhile if e.status == _UNAVAILABLE and not e.retry_after]
    return [
        at_least("requests meanwhile", len(meanwhile), 10),
        none_of("answers other than 503", wrong, len(meanwhile)),
        none_of("503 without Retry-After", mute),
        at_most(
            "slowest refusal", max((e.seconds for e in meanwhile), default=0), 2 * patience, " s"
        ),
    ]


async def _health(nodes: Sequence[Node]) -> list[Figure]:
    live = [await node.status("/livez") for node in nodes]
    public = [await node.status(path) for node in nodes for path in _PUBLIC]
    return [
        none_of("nodes that are not live", [s for s in live if s != OK], len(nodes)),
        none_of("keys and discovery not answered", [s for s in public if s != OK], len(public)),
    ]


async def _until(nodes: Sequence[Node], wanted: int, patience: float) -> float:
    """Return when all of them first say this about their readiness."""
    deadline = time.monotonic() + patience
    for node in nodes:
        while await node.status("/readyz") != wanted and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
    return time.monotonic()


async def all_serve(stage: Stage, nodes: Sequence[Node], patience: float = 60.0) -> float:
    """Return when a start has succeeded on each of them."""
    deadline = time.monotonic() + patience
    for node in nodes:
        while time.monotonic() < deadline:
            if (await stage.driver.start(stage.driver.person("back"), node)).status == OK:
                break
            await asyncio.sleep(0.02)
    return time.monotonic()


@procedure(
    "R-09",
    "PostgreSQL stops answering for half a minute (SIGSTOP), connections stay",
    bound="each request ends ≤ 3 s; 5 s after, p99 ≤ 2 × healthy, or 100 ms; ≤ 20 sessions "
    "more than before",
    databases=(POSTGRESQL,),
    hurts_server=True,
)
async def server_hangs(stage: Stage) -> list[Figure]:
    """Nobody waits for a database that says nothing, and nothing is left over from the wait."""
    cluster, patience = server_of(stage).cluster, stage.scale.patience
    nodes = await stage.started(2)
    holders = await with_codes(stage, nodes, 8)
    sessions = await _sessions(stage)
    async with Crowd(stage, nodes, starters=8):
        await asyncio.sleep(stage.scale.pick(short=0.5, full=5))
        healthy = percentile((e.seconds for e in stage.ledger.entries), 0.99)
        await asyncio.to_thread(cluster.pause)
        down = time.monotonic()
        async with Crowd(stage, nodes, starters=0, guessers=0, holders=holders):
            await asyncio.sleep(stage.scale.seconds(short=3.5, full=30))
            live = await _health(nodes)
            up = time.monotonic()
            await asyncio.to_thread(cluster.resume)
            back = await all_serve(stage, nodes)
            await asyncio.sleep(max(0.5, up + stage.scale.pick(short=1, full=5) - time.monotonic()))
            normal_from = time.monotonic()
            await asyncio.sleep(stage.scale.pick(short=0.5, full=5))
    await stage.settled()
    meanwhile = [
        e for e in stage.ledger.entries if e.asked_at < up and e.answered_at > down + _GRACE
    ]
    ended = [entry for entry in meanwhile if entry.answered_at < up]
    after = asked_between(stage, normal_from, time.monotonic())
    return [
        *await stage.ledger_check(),
        at_least("requests answered meanwhile", len(ended), 5),
        none_of("of which other than 503", _others(ended), len(ended)),
        at_most("slowest of them", max(e.seconds for e in meanwhile), 3 * patience, " s"),
        *live,
        at_most("every node serves again after", back - up, 5 * patience, " s"),
        at_most(
            "p99 five seconds later",
            percentile((e.seconds for e in after), 0.99) * 1000,
            max(2 * healthy, 0.1) * patience * 1000,
            " ms",
        ),
        *await _unanswered(stage, holders),
        at_most("sessions gained", max(0, await _sessions(stage) - sessions), 20),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


async def _unanswered(stage: Stage, holders: Sequence[tuple[str, str]]) -> list[Figure]:
    """Return the figures for codes that were answered while nobody could say what came of it.

    A statement that waited in the server's socket is executed when it wakes up: its code is used
    then, though whoever sent it was told to try again. That may be, but nothing else may.
    """
    used = await consumed(stage.database)
    refused = unproven(stage, holders)
    return [
        none_of(
            "right codes refused unused", [p for p in refused if not used.get(p)], len(holders)
        ),
        told(
            f"{len(refused)} of {len(holders)} right codes were used for an answer that never came"
        ),
    ]


def _others(entries: Sequence[Entry]) -> list[str]:
    return [entry.name for entry in entries if entry.status != _UNAVAILABLE]


async def _sessions(stage: Stage) -> int:
    name = server_of(stage).name
    sql = f"select count(*) from pg_stat_activity where datname = '{name}'"  # noqa: S608 - our own name
    [(count,)] = await stage.database.rows(sql)
    return int(count)


@procedure(
    "R-10",
    "20 connections at most, 200 people at once; then strangers take every connection",
    bound="a queue, and 503 beyond; no deadlock; back ≤ 5 s after",
    databases=(POSTGRESQL,),
    hurts_server=True,
)
async def no_more_connections(stage: Stage) -> list[Figure]:
    """A server that is full is no reason to fall over."""
    cluster, patience = server_of(stage).cluster, stage.scale.patience
    await asyncio.to_thread(cluster.stop)
    cluster.configure(max_connections="20", superuser_reserved_connections="3")
    await asyncio.to_thread(cluster.start)
    nodes = await stage.started(2)
    width, rounds = stage.scale.pick(short=60, full=200), stage.scale.pick(short=1, full=5)

    async def live(number: int) -> None:
        for _ in range(rounds):
            await stage.driver.start(stage.driver.person("many"), nodes[number % 2])

    await at_once(width, live)
    offered = list(stage.ledger.entries)
    statuses = Counter(entry.status for entry in offered)
    async with _hogs(stage, nodes) as hogs, Crowd(stage, nodes):
        await asyncio.sleep(stage.scale.seconds(short=0.5, full=10))
    freed = time.monotonic()
    back = await all_serve(stage, nodes)
    signed_in = [await stage.driver.sign_in(stage.driver.person("end"), node) for node in nodes]
    await stage.settled()
    return [
        *await stage.ledger_check(),
        at_least("of 200 at once answered 200", statuses[OK], len(offered) / 2),
        none_of(
            "answers other than 200 and 503", {s for s in statuses if s not in (OK, _UNAVAILABLE)}
        ),
        at_most("slowest answer", max(e.seconds for e in offered), 5 * patience, " s"),
        told(f"strangers held {hogs} sessions"),
        at_most("every node serves again after", back - freed, 5 * patience, " s"),
        none_of("logins that failed afterwards", [x for x in signed_in if not x], len(nodes)),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


_END_OURS = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = '{}' and application_name = 'latchstring'
"""


@asynccontextmanager
async def _hogs(stage: Stage, nodes: Sequence[Node]) -> AsyncIterator[int]:
    """Take every connection that the server still gives, and end those of the nodes meanwhile."""
    database = server_of(stage)
    held: list[Any] = []
    mine = _END_OURS.format(database.name)
    try:
        for _ in range(3 * len(nodes)):
            await database.rows(mine)
            held += await _connections(database)
        yield len(held)
    finally:
        for connection in held:
            connection.terminate()


async def _connections(database: ServerDatabase) -> list[Any]:
    found = []
    while True:
        try:
            found.append(await asyncpg.connect(database.cluster.url(database.name)))
        except (asyncpg.TooManyConnectionsError, OSError):
            return found
