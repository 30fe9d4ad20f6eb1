"""R-29: nodes are restarted one after the other while a proxy sends them people."""

import asyncio
import functools
import signal
import time
from collections.abc import Awaitable, Callable, Sequence

from chaos.configuration import CLIENT_ID, CLIENT_SECRET
from chaos.databases import POSTGRESQL
from chaos.driver import START_PATH, at_rate
from chaos.figures import Figure, at_least, at_most, none_of, told
from chaos.ledger import OK
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage
from chaos.wire import post_json
from tests.support.balancer import Balancer

_TRUSTED = 'trusted_proxies = ["127.0.0.1"]\ndrain_seconds = {seconds}'
_EXPECTED = {200, 403}


@procedure(
    "R-29",
    "20 rolling restarts behind HAProxy at 100 requests a second over kept connections",
    bound="0 failed of 10,000; not ready at once; requests under way are finished; exit 0, also "
    "after a second signal",
    databases=(POSTGRESQL,),
)
async def rolling_restarts(stage: Stage) -> list[Figure]:
    """Nobody notices that the house is renewed."""
    restarts = stage.scale.pick(short=2, full=20)
    seconds = stage.scale.pick(short=1, full=5)
    rate = stage.scale.pick(short=30.0, full=100.0)
    top = _TRUSTED.format(seconds=seconds)
    nodes = [stage.node(top=top), stage.node(top=top)]
    with Balancer([node.port for node in nodes]) as balancer:
        public = stage.entrance(balancer.port)
        await asyncio.gather(*(node.start() for node in nodes))
        await asyncio.to_thread(balancer.until, node1="UP", node2="UP")
        over = asyncio.Event()
        asking = asyncio.create_task(_ask(stage, public, rate, over))
        figures: list[_Restart] = []
        for number in range(restarts):
            node = nodes[number % 2]
            figures.append(await _restart(stage, node, second=number % 3))
            up = {f"node{1 + number % 2}": "UP"}
            await asyncio.to_thread(functools.partial(balancer.until, **up))
            await asyncio.sleep(stage.scale.pick(short=0.1, full=1.0))
        await asyncio.sleep(0.5)
        over.set()
        await asking
    await stage.settled()
    asked = [entry for entry in stage.ledger.entries if entry.node == public.name]
    failed = [entry.name for entry in asked if entry.status not in _EXPECTED]
    return [
        *await stage.ledger_check(),
        none_of("failed requests", failed, len(asked)),
        at_least("requests", len(asked), stage.scale.pick(short=50, full=10_000)),
        *_outcomes(stage, figures, seconds),
    ]


class _Restart:
    """What one restart looked like."""

    def __init__(self, code: int, not_ready: float, took: float, under_way: int) -> None:
        self.code, self.not_ready, self.took, self.under_way = code, not_ready, took, under_way


def _outcomes(stage: Stage, restarts: Sequence[_Restart], drain: float) -> list[Figure]:
    patience = stage.scale.patience
    return [
        none_of(
            "exit codes other than 0", [r.code for r in restarts if r.code != 0], len(restarts)
        ),
        at_most("not ready after", max(r.not_ready for r in restarts), 0.5 * patience, " s"),
        at_least("fastest exit", min(r.took for r in restarts[:1]), drain * 0.9, " s"),
        at_most("slowest exit", max(r.took for r in restarts), 25 * patience, " s"),
        none_of(
            "requests under way that were cut", [r.under_way for r in restarts if r.under_way != OK]
        ),
        told(f"{len(restarts)} restarts, {drain} s of drain"),
    ]


async def _restart(stage: Stage, node: Node, *, second: int) -> _Restart:
    """Tell a node to stop while a request is under way; every third time a second time."""
    finish = await _begin_a_start(stage, node)
    began = time.monotonic()
    node.signal(signal.SIGTERM)
    while await node.status("/readyz", patience=2) == OK:
        await asyncio.sleep(0.005)
    not_ready = time.monotonic() - began
    under_way = await finish()
    if second:
        node.signal(signal.SIGTERM if second == 1 else signal.SIGINT)
    code = await node.ended(60)
    took = time.monotonic() - began
    await node.start()
    return _Restart(code, not_ready, took if not second else max(took, 0.0), under_way)


async def _begin_a_start(stage: Stage, node: Node) -> Callable[[], Awaitable[int]]:
    """Send all but the end of a request; return what sends that and returns the status."""
    person = stage.driver.person("under-way")
    body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "connection": "email"}
    octets = post_json(START_PATH, body | {"email": person, "send": "code"}).octets(node.port)
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
        return int(line[9:12] or 0)

    return finish


async def _ask(stage: Stage, public: Node, rate: float, over: asyncio.Event) -> None:
    """Two thirds start, one third answers, and now and then somebody looks at the keys."""

    async def act(number: int) -> None:
        person = stage.driver.person("rolling")
        if number % 3:
            await stage.driver.start(person, public)
        else:
            await stage.driver.verify(person, "000000", public)

    while not over.is_set():
        await at_rate(rate, 0.5, act)
