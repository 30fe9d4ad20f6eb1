"""R-36: server processes die, and are sent what no browser would send."""

import asyncio
import random
import time
from collections.abc import Sequence

import psutil

from chaos.crowd import Crowd
from chaos.databases import SQLITE
from chaos.driver import at_once
from chaos.figures import Figure, at_least, at_most, exactly, none_of, told
from chaos.ledger import OK, VERIFY
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage

_RESTART_SECONDS = 2.0
_NONSENSE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"a":[[[[',
    b"GET /%ff%fe%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\n\r\n\r\n\r\n",
    b"GET /authorize?" + b"a=b&" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)


@procedure(
    "R-36",
    "a worker is killed every few seconds; 10,000 malformed requests; secrets of all workers",
    bound="restarted ≤ 2 s; nothing lost; no two equal secrets; nothing crashes",
)
async def workers_crash(stage: Stage) -> list[Figure]:
    """Whoever dies is replaced; the new one repeats no secret."""
    several = stage.database.kind != SQLITE
    node = stage.node(workers=stage.scale.pick(short=2, full=4) if several else 1)
    await node.start()
    kills = await _crashes(stage, node) if several else []
    pids = {process.pid for process in await _members(node)}
    nonsense = await _nonsense(stage, node)
    secrets = await _secrets(stage, node)
    await stage.settled(60)
    same = {process.pid for process in await _members(node)} == pids
    signed_in = await stage.driver.sign_in(stage.driver.person("end"), node)
    return [
        *await stage.ledger_check(),
        *kills,
        told(f"{nonsense:,} malformed requests"),
        Figure("nobody died of it" if same else "somebody died of it", "", same),
        exactly("secrets that came twice", len(secrets) - len(set(secrets)), 0),
        told(f"{len(secrets):,} secrets"),
        none_of("logins that failed afterwards", [] if signed_in else ["one"]),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


async def _crashes(stage: Stage, node: Node) -> list[Figure]:
    kills = stage.scale.pick(short=1, full=12)
    pause = stage.scale.pick(short=1.0, full=5.0)
    draw = random.Random(stage.scale.name)
    took: list[float] = []
    async with Crowd(stage, [node], pause=0.1):
        for _ in range(kills):
            await asyncio.sleep(pause)
            members = await _members(node)
            victim = draw.choice(members)
            victim.kill()
            took.append(await _until_replaced(node, victim.pid, len(members)))
    bound = _RESTART_SECONDS * stage.scale.patience
    return [
        at_least("workers killed", len(took), kills),
        at_most("slowest replacement", max(took), bound, " s"),
    ]


async def _members(node: Node) -> list[psutil.Process]:
    """Return the processes that serve: the supervisor's, or the one that there is."""
    whole = await asyncio.to_thread(node.tree)
    return whole[1:] or whole


async def _until_replaced(node: Node, pid: int, count: int) -> float:
    """Return how long it took until as many as before serve again."""
    began = time.monotonic()
    before = node.log.count('"process_ready"')
    while time.monotonic() < began + 60:
        pids = {process.pid for process in await _members(node)}
        if pid not in pids and len(pids) >= count and node.log.count('"process_ready"') > before:
            break
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def _nonsense(stage: Stage, node: Node) -> int:
    """Send what is no request, each over a connection of its own; return how often."""
    count = stage.scale.pick(short=90, full=10_000)
    serials = iter(range(count))

    async def live(_client: int) -> None:
        for number in serials:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
                writer.write(_NONSENSE[number % len(_NONSENSE)])
                writer.write_eof()
                await asyncio.wait_for(reader.read(4096), 15)
                writer.close()
            except (OSError, TimeoutError):
                continue

    await at_once(16, live)
    return count


async def _secrets(stage: Stage, node: Node) -> Sequence[str]:
    """Return ids of messages and tokens that all workers have made, many at the same time."""
    count = stage.scale.pick(short=40, full=10_000)
    serials = iter(range(count))

    async def live(_client: int) -> None:
        for number in serials:
            person = stage.driver.person("secret")
            if number % 4:
                await stage.driver.start(person, node)
            else:
                await stage.driver.sign_in(person, node)

    await at_once(16, live)
    await stage.settled(60)
    tokens = [str(e.reply.get("access_token")) for e in stage.ledger.of(VERIFY, status=OK)]
    ids = {message.id for message in stage.messages.all}
    acknowledged = len(stage.ledger.acknowledged)
    # Equal ids of two messages would look like copies of one: then there are too few.
    return [*tokens, *ids, *["lacking"] * max(0, acknowledged - len(ids)) * 2]
