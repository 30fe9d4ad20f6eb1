"""R-31: the network between a node and its database, or its mail relay, is bad."""

import asyncio
import time

from chaos.crowd import Crowd, unproven, with_codes
from chaos.databases import SQLITE, ServerDatabase
from chaos.edges.proxy import Faults
from chaos.figures import Figure, at_least, at_most, none_of, percentile
from chaos.ledger import OK
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage

_EXPECTED = {200, 403, 503}
_LIVE_SECONDS = 0.1


@procedure(
    "R-31",
    "between node and database, node and relay: delayed, dripping, swallowed, reset, half closed",
    bound="each request ends ≤ 3 s; live ≤ 100 ms; nothing lost; well again ≤ 5 s after",
)
async def bad_network(stage: Stage) -> list[Figure]:
    """Every wait has an end, and no wait holds up what does not need the network."""
    patience = stage.scale.patience
    node, places = await _behind_proxies(stage)
    holders = await with_codes(stage, [node], 4)
    lives: list[float] = []
    async with Crowd(stage, [node], holders=holders):
        watching = asyncio.create_task(_watch(node, lives))
        for place in places:
            await _misbehave(stage, place)
        mended = time.monotonic()
        back = await _serves(stage, node)
        await asyncio.sleep(0.5)
        watching.cancel()
    await stage.settled(60)
    statuses = {entry.status for entry in stage.ledger.entries}
    slowest = max(entry.seconds for entry in stage.ledger.entries)
    return [
        *await stage.ledger_check(),
        at_least("requests", len(stage.ledger.entries), 50),
        none_of("answers other than 200, 403 and 503", statuses - _EXPECTED),
        at_most("slowest answer", slowest, 3 * patience, " s"),
        at_most(
            "p99 of live meanwhile",
            percentile(lives, 0.99) * 1000,
            _LIVE_SECONDS * patience * 1000,
            " ms",
        ),
        at_most("a login succeeded again after", back - mended, 5 * patience, " s"),
        none_of("right codes not accepted in the end", unproven(stage, holders), len(holders)),
    ]


async def _behind_proxies(stage: Stage) -> tuple[Node, list[str]]:
    """Return a node that reaches everything through bad network, and the names of its stretches."""
    mail = await stage.edges.proxy("mail", stage.edges.mail_port)
    places, database_url = ["mail"], ""
    if stage.database.kind != SQLITE:
        assert isinstance(stage.database, ServerDatabase)
        port = await stage.edges.proxy("database", stage.database.cluster.port)
        places, database_url = ["database", "mail"], stage.database.url_through(port)
    node = stage.node(smtp_url=f"smtp://127.0.0.1:{mail}", database_url=database_url)
    await node.start()
    return node, places


async def _misbehave(stage: Stage, place: str) -> None:
    """Go through everything that a network can do, for a few seconds each."""
    seconds = stage.scale.pick(short=0.25, full=6.0)
    pause = stage.scale.pick(short=0.15, full=2.0)
    for faults in (
        Faults(delay=0.05),
        Faults(drip=0.002),
        Faults(swallow=True),
        Faults(refuse=True),
    ):
        await stage.edges.network(place, faults)
        if faults.refuse:
            await stage.edges.reset(place)
        await asyncio.sleep(seconds)
        await stage.edges.network(place)
        await asyncio.sleep(pause)
    for _ in range(stage.scale.pick(short=2, full=20)):
        await stage.edges.reset(place)
        await asyncio.sleep(pause / 4)
        await stage.edges.half_close(place)
        await asyncio.sleep(pause / 4)


async def _watch(node: Node, lives: list[float]) -> None:
    while True:
        began = time.monotonic()
        if await node.status("/livez") == OK:
            lives.append(time.monotonic() - began)
        await asyncio.sleep(0.02)


async def _serves(stage: Stage, node: Node) -> float:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        person = stage.driver.person("back")
        if (await stage.driver.start(person, node)).status == OK:
            code = await stage.driver.code_of(person, patience=60)
            if (await stage.driver.verify(person, code, node)).status == OK:
                break
        await asyncio.sleep(0.05)
    return time.monotonic()
