"""R-29: nodes are restarted one after the other while a proxy sends them people."""

import asyncio
import functools
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from chaos.databases import POSTGRESQL
from chaos.driver import at_rate, start_request
from chaos.figures import Figure, at_least, at_most, none_of, told
from chaos.ledger import OK, START
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage
from chaos.wire import Answer, NoAnswer
from tests.support.balancer import Balancer

_TRUSTED = 'trusted_proxies = ["127.0.0.1"]\ndrain_seconds = {seconds}'
_EXPECTED = {200, 403}
_NOT_READY = 503
_HOLD = 0.8
"""The part of the drain after which the request under way is finished."""
_AFTER_SECOND_SECONDS = 0.1


@procedure(
    "R-29",
    "20 rolling restarts behind HAProxy at 100 requests a second over kept connections",
    bound="0 failed of 10,000; not ready (503) within 0.5 s; told once, a node takes connections "
    "until 5 s are over; told a second time, it still finishes what is under way; exit 0 ≤ 25 s",
    databases=(POSTGRESQL,),
)
async def rolling_restarts(stage: Stage) -> list[Figure]:
    """Nobody notices that the house is renewed."""
    restarts = stage.scale.pick(short=2, full=20)
    seconds = stage.scale.pick(short=1, full=5)
    rate = stage.scale.pick(short=30.0, full=100.0)
    enough = stage.scale.pick(short=50, full=10_000)
    top = _TRUSTED.format(seconds=seconds)
    nodes = [stage.node(top=top), stage.node(top=top)]
    with Balancer([node.port for node in nodes]) as balancer:
        public = stage.entrance(balancer.port)
        await asyncio.gather(*(node.start() for node in nodes))
        await asyncio.to_thread(balancer.until, node1="UP", node2="UP")
        over = asyncio.Event()
        asking = asyncio.create_task(_ask(stage, public, rate, over, enough))
        figures: list[_Restart] = []
        for number in range(restarts):
            node = nodes[number % 2]
            figures.append(await _restart(stage, node, seconds, second=number % 3))
            up = {f"node{1 + number % 2}": "UP"}
            await asyncio.to_thread(functools.partial(balancer.until, **up))
            await asyncio.sleep(stage.scale.pick(short=0.1, full=1.0))
        await asyncio.sleep(0.5)
        over.set()
        await asking  # until enough were asked
    await stage.settled()
    asked = [entry for entry in stage.ledger.entries if entry.node == public.name]
    failed = [entry.name for entry in asked if entry.status not in _EXPECTED]
    return [
        *await stage.ledger_check(),
        none_of("failed requests", failed, len(asked)),
        at_least("requests", len(asked), enough),
        *_outcomes(stage, figures, seconds),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Restart:
    """What one restart looked like."""

    code: int
    """With which the node ended."""
    told_twice: bool
    not_ready: float
    """Seconds until it said that it is not ready."""
    unready_words: set[int]
    """What it answered to ``/readyz`` from then on; 0 for nothing."""
    under_way: int
    """The status of the request whose end was held back."""
    held: float
    """Seconds after the signal at which that end was sent."""
    took: float


def _outcomes(stage: Stage, restarts: Sequence[_Restart], drain: float) -> list[Figure]:
    patience = stage.scale.patience
    once = [each for each in restarts if not each.told_twice]
    odd = [word for each in restarts for word in each.unready_words - {_NOT_READY}]
    return [
        none_of(
            "exit codes other than 0", [r.code for r in restarts if r.code != 0], len(restarts)
        ),
        at_most("not ready after", max(r.not_ready for r in restarts), 0.5 * patience, " s"),
        none_of("answers then to /readyz other than 503", odd, len(restarts)),
        at_least("fastest exit of those told once", min(r.took for r in once), drain, " s"),
        at_most("slowest exit", max(r.took for r in restarts), 25 * patience, " s"),
        none_of(
            "requests under way that were cut",
            [r.under_way for r in restarts if r.under_way != OK],
            len(restarts),
        ),
        at_least("their ends were held back for", min(r.held for r in restarts), 0.7 * drain, " s"),
        told(
            f"{len(restarts)} restarts, {len(restarts) - len(once)} told twice, {drain} s of drain"
        ),
    ]


async def _restart(stage: Stage, node: Node, drain: float, *, second: int) -> _Restart:
    """Tell a node to stop while a request is under way; two of three times tell it twice.

    The end of that request comes shortly before the drain is over, and after the second word.
    """
    finish = await _begin_a_start(stage, node)
    began = time.monotonic()
    node.signal(signal.SIGTERM)
    while (word := await node.status("/readyz", patience=2)) == OK:
        await asyncio.sleep(0.005)
    not_ready, words = time.monotonic() - began, {word}
    await asyncio.sleep(began + _HOLD * drain - time.monotonic())
    node.wire.close()
    words.add(await node.status("/readyz", patience=2))
    if second:
        node.signal(signal.SIGTERM if second == 1 else signal.SIGINT)
        await asyncio.sleep(_AFTER_SECOND_SECONDS)
    held = time.monotonic() - began
    under_way = await finish()
    code = await node.ended(60)
    took = time.monotonic() - began
    await node.start()
    return _Restart(
        code=code,
        told_twice=second > 0,
        not_ready=not_ready,
        unready_words=words,
        under_way=under_way,
        held=held,
        took=took,
    )


async def _begin_a_start(stage: Stage, node: Node) -> Callable[[], Awaitable[int]]:
    """Send all but the end of a request; return what sends that and returns the status."""
    person = stage.driver.person("under-way")
    octets = start_request(person).octets(node.port)
    entry = stage.ledger.open(START, person, node=node.name)
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(octets[:-5])
    await writer.drain()

    async def finish() -> int:
        writer.write(octets[-5:])
        try:
            line = await asyncio.wait_for(reader.readline(), 30)
        except (OSError, TimeoutError):
            line = b""
        writer.close()
        status = int(line[9:12] or 0)
        cut = NoAnswer("cut", was_sent=True)
        stage.ledger.close(entry, Answer(status, {}, b"", entry.seconds) if status else cut)
        return status

    return finish


async def _ask(stage: Stage, public: Node, rate: float, over: asyncio.Event, enough: int) -> None:
    """Ask until it is over and enough were asked.

    Two thirds start, one third answers.
    """
    asked = 0

    async def act(number: int) -> None:
        nonlocal asked
        asked += 1
        person = stage.driver.person("rolling")
        if number % 3:
            await stage.driver.start(person, public)
        else:
            await stage.driver.verify(person, "000000", public)

    while not over.is_set() or asked < enough:
        await at_rate(rate, 0.5, act)
