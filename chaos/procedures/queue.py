"""R-02, R-04: two nodes deliver from one queue, and one of them dies again and again."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence

from chaos.databases import POSTGRESQL, SQLITE
from chaos.driver import at_once
from chaos.figures import Figure, at_least, at_most, exactly, none_of, percentile, told
from chaos.ledger import OK, Entry, duplicates
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage

CLIENTS = 8
LEASE_SECONDS = 5.0
_TAKE_OVER_SECONDS = LEASE_SECONDS + 2


@procedure(
    "R-02",
    "two nodes; one of them is killed (-9) while both accept and deliver",
    bound="0 lost; copies equal, few; the other node takes over ≤ lease + 2 s = 7 s",
    databases=(POSTGRESQL,),
)
async def one_of_two_killed(stage: Stage) -> list[Figure]:
    """The other one serves on, and sends what the dead one held."""
    cycles = stage.scale.pick(short=1, full=50)
    enough = stage.scale.pick(short=60, full=205)
    draw = random.Random(stage.scale.name)
    nodes = await stage.started(2)
    takeovers: list[float] = []
    refused: list[str] = []
    for cycle in range(cycles):
        dying, other = nodes[cycle % 2], nodes[(cycle + 1) % 2]
        seconds = draw.uniform(0.2, stage.scale.pick(short=0.4, full=2.0))
        killed_at = await _until_one_dies(
            stage, dying, other, f"c{cycle}", seconds=seconds, enough=enough
        )
        refused += _refused_by(stage, other)
        await stage.settled(_TAKE_OVER_SECONDS * max(1.0, stage.scale.patience / 2))
        takeovers.append(_longest_wait(stage, killed_at))
        await dying.start()
    await asyncio.sleep(0.5)
    stage.messages.refresh()
    copies = duplicates(stage.messages)
    return [
        *await stage.ledger_check(),
        at_least("acknowledged sends", len(stage.ledger.acknowledged), cycles * enough * 0.97),
        none_of("requests that the living node refused", refused),
        at_most(
            "longest wait for what the dead one held",
            max(takeovers),
            _TAKE_OVER_SECONDS * max(1.0, stage.scale.patience / 4),
            " s",
        ),
        at_most("copies per kill", len(copies) / cycles, 16),
        at_most("copies of one mail", max(Counter(m.id for m in stage.messages.all).values()), 3),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


async def _until_one_dies(
    stage: Stage, dying: Node, other: Node, label: str, *, seconds: float, enough: int
) -> float:
    """Let clients work on both; kill one; let the others go on for a moment."""
    before = len(stage.ledger.acknowledged)
    over = asyncio.Event()

    async def live(client: int) -> None:
        nodes = [dying, other] if client % 2 else [other, dying]
        while not over.is_set():
            person = stage.driver.person(f"{label}x{client}")
            if (await stage.driver.start(person, nodes[0])).status != OK:
                nodes.reverse()  # as a proxy would, which has noticed

    async def kill() -> float:
        await asyncio.sleep(seconds)
        while len(stage.ledger.acknowledged) - before < enough:
            await asyncio.sleep(0.01)
        dying.kill()
        killed_at = time.monotonic()
        await asyncio.sleep(0.2)
        over.set()
        return killed_at

    _, killed_at = await asyncio.gather(at_once(CLIENTS, live), kill())
    return killed_at


def _refused_by(stage: Stage, node: Node) -> list[str]:
    return [e.name for e in stage.ledger.entries if e.node == node.name and e.status not in (OK, 0)]


def _longest_wait(stage: Stage, killed_at: float) -> float:
    """Return how long after the kill the last of those came who had been promised one before."""
    arrivals = [
        stage.messages.of(entry.person)[0].at
        for entry in stage.ledger.acknowledged
        if entry.answered_at <= killed_at and stage.messages.of(entry.person)
    ]
    return max([0.0, *(at - killed_at for at in arrivals)])


@procedure(
    "R-04",
    "5,000 sends, four delivering processes, one queue, nobody dies",
    bound="exactly 5,000 messages, no copy",
)
async def one_queue(stage: Stage) -> list[Figure]:
    """A message is claimed by exactly one of them."""
    count = stage.scale.pick(short=80, full=5000)
    nodes = await _four_deliverers(stage)
    serials = iter(range(count))

    async def live(client: int) -> None:
        for number in serials:
            # Every fiftieth goes by text message.
            person = stage.driver.number() if number % 50 == 0 else stage.driver.person("queue")
            await stage.driver.start(person, nodes[client % len(nodes)])

    await at_once(CLIENTS, live)
    await stage.settled(60)
    await asyncio.sleep(stage.scale.pick(short=0.5, full=LEASE_SECONDS + 2))
    stage.messages.refresh()
    waits = _waits(stage, stage.ledger.acknowledged)
    return [
        *await stage.ledger_check(),
        exactly("messages", len(stage.messages.all), count),
        none_of("copies", duplicates(stage.messages)),
        none_of("starts that failed", [e.name for e in stage.ledger.entries if e.status != OK]),
        told(f"p95 until the message was taken {percentile(waits, 0.95):.2f} s"),
    ]


def _waits(stage: Stage, entries: Sequence[Entry]) -> list[float]:
    return [
        max(0.0, stage.messages.of(entry.person)[0].at - entry.answered_at)
        for entry in entries
        if stage.messages.of(entry.person)
    ]


async def _four_deliverers(stage: Stage) -> list[Node]:
    """Two nodes with two workers; on SQLite one server with three `worker` processes beside it."""
    if stage.database.kind != SQLITE:
        return await stage.started(2, workers=2)
    nodes = await stage.started()
    for _ in range(3):
        stage.node(role="worker").launch()
    return nodes
