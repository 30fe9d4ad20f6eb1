"""R-02, R-04: two nodes deliver from one queue, and one of them dies again and again."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence

from chaos.databases import POSTGRESQL, SQLITE
from chaos.driver import at_once
from chaos.edges.rules import TAKEN, Rule
from chaos.figures import Figure, at_least, at_most, exactly, none_of, told
from chaos.ledger import OK, Entry, duplicates
from chaos.nodes import Node
from chaos.procedures.kills import COPIES_BOUND, copies_per_kill
from chaos.registry import procedure
from chaos.stage import Stage

CLIENTS = 8
LEASE_SECONDS = 5.0
DELIVERERS = 4
_TAKE_OVER_SECONDS = LEASE_SECONDS + 2
_LIVES = "code_lifetime = 600"
_WAITING = """
select coalesce(sum(case when lease_owner is null then 1 else 0 end), 0), count(lease_owner)
from messages where state = 'queued'
"""
_ALL_DUE = """
update messages set due_at = {now} where id in (
    select id from messages where state = 'queued' and lease_owner is null {unlocked}
)
"""


@procedure(
    "R-02",
    "two nodes; one of them is killed (-9) while both accept and deliver",
    bound="0 acknowledged sends lost of 10,000; no message that nobody asked for; "
    f"{COPIES_BOUND}; the living node refuses and cuts off nobody; it takes over ≤ lease + 2 s = "
    "7 s",
    databases=(POSTGRESQL,),
)
async def one_of_two_killed(stage: Stage) -> list[Figure]:
    """The other one serves on, and sends what the dead one held."""
    cycles = stage.scale.pick(short=1, full=50)
    enough = stage.scale.pick(short=60, full=200)
    draw = random.Random(stage.scale.name)
    nodes = await stage.started(2)
    takeovers: list[float] = []
    refused: list[str] = []
    copies = [0]
    for cycle in range(cycles):
        dying, other = nodes[cycle % 2], nodes[(cycle + 1) % 2]
        first = len(stage.ledger.entries)
        seconds = draw.uniform(0.2, stage.scale.pick(short=0.4, full=2.0))
        killed_at = await _until_one_dies(
            stage, dying, other, f"c{cycle}", seconds=seconds, enough=enough
        )
        refused += _refused_by(stage.ledger.entries[first:], other)
        await stage.settled(_TAKE_OVER_SECONDS * max(1.0, stage.scale.patience / 2))
        takeovers.append(_longest_wait(stage, killed_at))
        await stage.delivered(stage.scale.pick(short=1.0, full=60.0))
        stage.messages.refresh()
        copies.append(len(duplicates(stage.messages)))
        await dying.start()
    return [
        *await stage.ledger_check(),
        at_least("acknowledged sends", len(stage.ledger.acknowledged), cycles * enough),
        none_of("requests that the living node refused or cut off", refused),
        at_most(
            "longest wait for what the dead one held",
            max(takeovers),
            _TAKE_OVER_SECONDS * max(1.0, stage.scale.patience / 4),
            " s",
        ),
        *copies_per_kill(copies),
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


def _refused_by(entries: Sequence[Entry], node: Node) -> list[str]:
    """Return what a node that lived did not answer with success, or did not answer at all."""
    return [entry.name for entry in entries if entry.node == node.name and entry.status != OK]


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
    "5,000 sends while the relay is away; once it is back, two nodes with two workers each claim "
    "them from one queue, and nobody dies",
    bound="exactly 5,000 messages, no copy; all four processes delivered some",
    on_sqlite="5,000 sends while the relay is away; once it is back, a server and three `worker` "
    "processes claim them from one queue, and nobody dies",
)
async def one_queue(stage: Stage) -> list[Figure]:
    """A message is claimed by exactly one of them.

    A new message is held by the process that took the request, and seldom claimed by anybody. With
    the relay away they all go back to the queue, where each process reaches for each of them.
    """
    count = stage.scale.pick(short=160, full=5000)
    nodes = await _four_deliverers(stage)
    await stage.edges.mail_listens(listens=False)
    serials = iter(range(count))

    async def live(client: int) -> None:
        for number in serials:
            # Every fiftieth goes by text message, at once.
            person = stage.driver.number() if number % 50 == 0 else stage.driver.person("queue")
            await stage.driver.start(person, nodes[client % len(nodes)])

    await at_once(CLIENTS, live)
    waiting = await _let_go(stage)
    # Slow enough that one process has its hands full while the others look for work.
    await stage.edges.mail(Rule(stage=TAKEN, wait=stage.scale.pick(short=0.6, full=0.05)))
    await stage.edges.mail_listens(listens=True)
    # Rows that somebody is just claiming are left alone: to wait for them would be a deadlock.
    unlocked = "" if stage.database.kind == SQLITE else "for update skip locked"
    await stage.database.run(_ALL_DUE.format(now=int(time.time() * 1000), unlocked=unlocked))
    began = time.monotonic()
    await stage.settled(120)
    took = time.monotonic() - began
    await asyncio.sleep(stage.scale.pick(short=0.5, full=LEASE_SECONDS + 2))
    stage.messages.refresh()
    shares = _delivered_by(stage.nodes)
    return [
        *await stage.ledger_check(),
        exactly("messages", len(stage.messages.all), count),
        none_of("copies", duplicates(stage.messages)),
        none_of("starts that failed", [e.name for e in stage.ledger.entries if e.status != OK]),
        at_least("of which waited in the queue, held by nobody", waiting, count * 0.9),
        at_least("processes that delivered mail", len(shares), DELIVERERS),
        told(f"between {min(shares.values()):,} and {max(shares.values()):,} mails each"),
        told(f"all of it {took:.1f} s after the relay was back"),
    ]


async def _let_go(stage: Stage) -> int:
    """Wait until nobody holds any mail; return how many wait."""
    deadline = time.monotonic() + LEASE_SECONDS
    while True:
        [(waiting, held)] = await stage.database.rows(_WAITING)
        if not held or time.monotonic() > deadline:
            return int(waiting)
        await asyncio.sleep(0.05)


def _delivered_by(nodes: Sequence[Node]) -> Counter[tuple[str, int]]:
    """Return how many mails each process handed over, by its node and number, from their logs."""
    shares: Counter[tuple[str, int]] = Counter()
    for node in nodes:
        for text in node.log.splitlines():
            line = json.loads(text) if text.startswith("{") else {}
            if line.get("event") == "message" and line["channel"] == "email":
                shares[node.name, int(line.get("process", 0))] += line["state"] == "handed_over"
    return +shares


async def _four_deliverers(stage: Stage) -> list[Node]:
    """Two nodes with two workers; on SQLite one server with three `worker` processes beside it."""
    if stage.database.kind != SQLITE:
        return await stage.started(2, workers=2, email=_LIVES)
    nodes = await stage.started(email=_LIVES)
    for _ in range(DELIVERERS - 1):
        stage.node(role="worker", email=_LIVES).launch()
    return nodes
