"""R-33: clients that hold connections and send nothing worth an answer."""

import asyncio
import time

from chaos.driver import at_once
from chaos.figures import Figure, at_least, at_most, none_of, percentile, told
from chaos.ledger import OK
from chaos.nodes import Node
from chaos.procedures.room import make_room
from chaos.registry import procedure
from chaos.stage import Stage
from chaos.wire import Streams

_LEAST_SECONDS = 0.05
_HEADER_SECONDS = 10.0
_SLOW_HEAD = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


@procedure(
    "R-33",
    "2,000 connections that are idle or send their headers a byte at a time",
    bound="who comes first waits ≤ 1.5 s (a full house gives the silent a second); then "
    "others' p99 ≤ 2 × baseline, or 50 ms; each is cut ≤ 15 s after the first connects (10 s for "
    "headers, 5 to connect all)",
)
async def slow_clients(stage: Stage) -> list[Figure]:
    """Who is patient with them is us, for a while; nobody else waits."""
    count = stage.scale.pick(short=100, full=2000)
    make_room(count)
    [node] = await stage.started()
    rounds = stage.scale.pick(short=5, full=50)
    baseline = percentile(await _logins(stage, node, "quiet", rounds), 0.99)
    began = time.monotonic()
    held = [await _slow(node, sends=number % 2 == 0) for number in range(count)]
    dripping = asyncio.create_task(_drip(held))
    first = max(await _logins(stage, node, "first", rounds=5))
    crowded = percentile(await _logins(stage, node, "crowded", rounds), 0.99)
    figures = [
        *await stage.ledger_check(),
        at_most("longest wait of those who came first", first, 1.5 * stage.scale.patience, " s"),
        at_most(
            "p99 beside them",
            crowded * 1000,
            max(2 * baseline, _LEAST_SECONDS) * stage.scale.patience * 1000,
            " ms",
        ),
        told(f"alone {baseline * 1000:.1f} ms"),
        none_of(
            "people who were turned away", [e.name for e in stage.ledger.entries if e.status != OK]
        ),
    ]
    if stage.scale.is_full:
        async with asyncio.timeout(60):
            await asyncio.gather(*(_until_cut(reader) for reader, _ in held))
        last = time.monotonic() - began
        figures.append(at_most("the last was cut after", last, _HEADER_SECONDS + 5, " s"))
        figures.append(at_least("connections held", len(held), count))
    dripping.cancel()
    for _, writer in held:
        writer.transport.abort()
    return figures


async def _logins(stage: Stage, node: Node, label: str, rounds: int) -> list[float]:
    """Return how long the requests took of a few people signing in."""

    async def live(_client: int) -> None:
        for _ in range(rounds):
            await stage.driver.sign_in(stage.driver.person(label), node)

    await at_once(4, live)
    return [e.seconds for e in stage.ledger.entries if e.person.startswith(label)]


async def _slow(node: Node, *, sends: bool) -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    if sends:
        writer.write(_SLOW_HEAD)
    return reader, writer


async def _drip(held: list[Streams]) -> None:
    while True:
        for number, (_, writer) in enumerate(held):
            if number % 2 == 0 and not writer.is_closing():
                writer.write(b"x")
            if number % 50 == 0:  # each once a second, but not all in the same moment
                await asyncio.sleep(50 / len(held))


async def _until_cut(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(1000):
            pass
    except OSError:
        return
