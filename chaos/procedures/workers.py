"""R-36: server processes die, and are sent what no browser would send."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence

import psutil

from chaos.crowd import Crowd
from chaos.databases import SQLITE
from chaos.driver import at_once, start_request
from chaos.figures import Figure, at_least, at_most, exactly, none_of, told
from chaos.ledger import OK, START, VERIFY
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage
from chaos.wire import Wire, get

_RESTART_SECONDS = 2.0
_LOOK_SECONDS = 0.05
_READY = b'"process_ready"'
_RUN = 5
_MOST_CONNECTIONS = 200
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
    "a server process is killed every 5 s, 12 times; 10,000 malformed requests; secrets of all",
    bound="replaced ≤ 2 s; nothing lost; no two equal secrets, no equal run of 5 codes; no "
    "exception in the log",
    on_sqlite="10,000 malformed requests to the one server process; its secrets; nobody is killed",
    bound_on_sqlite="nothing lost; no two equal secrets, no equal run of 5 codes; no exception "
    "in the log",
)
async def workers_crash(stage: Stage) -> list[Figure]:
    """Whoever dies is replaced; the new one repeats no secret."""
    several = stage.database.kind != SQLITE
    node = stage.node(workers=stage.scale.pick(short=2, full=4) if several else 1)
    await node.start()
    await _until_all_serve(node)
    codes = await _codes_of_each(stage, node)
    kills = await _crashes(stage, node) if several else []
    codes |= await _codes_of_each(stage, node)
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
        *_equal_runs(codes),
        none_of("exceptions in the log", _exceptions(node)),
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
            said = node.log_file.stat().st_size
            victim.kill()
            took.append(await _until_replaced(node, said))
    members = await _members(node)
    bound = _RESTART_SECONDS * stage.scale.patience
    return [
        at_least("workers killed", len(took), kills),
        at_most("slowest replacement", max(took), bound, " s"),
        exactly("workers afterwards", len(members), stage.scale.pick(short=2, full=4)),
    ]


async def _members(node: Node) -> list[psutil.Process]:
    """Return the processes that serve: the supervisor's, or the one that there is."""
    whole = await asyncio.to_thread(node.tree)
    return whole[1:] or whole


async def _until_replaced(node: Node, said: int) -> float:
    """Return how long it took until a new one serves, by the log from this position on."""
    began = time.monotonic()
    # Seldom and from there: who looks takes the CPU that the new process needs.
    while not _said_since(node, said).count(_READY) and time.monotonic() < began + 60:
        await asyncio.sleep(_LOOK_SECONDS)
    return time.monotonic() - began


async def _until_all_serve(node: Node) -> None:
    """Wait for those that the supervisor starts after the first."""
    if (count := len(await _members(node))) == 1:
        return
    async with asyncio.timeout(30):
        while _said_since(node, 0).count(_READY) < count:
            await asyncio.sleep(_LOOK_SECONDS)
            count = len(await _members(node))


def _said_since(node: Node, position: int) -> bytes:
    with node.log_file.open("rb") as log:
        log.seek(position)
        return log.read()


def _exceptions(node: Node) -> list[str]:
    """Return the lines of the log that tell of an exception nobody expected."""
    with node.log_file.open("rb") as log:
        return [line.decode()[:300] for line in log if b"Traceback" in line]


async def _codes_of_each(stage: Stage, node: Node) -> dict[int, list[str]]:
    """Return codes that each server process has made, in their order, by the process's id."""
    count = stage.scale.pick(short=8, full=250)
    wires, others = await _wire_to_each(node)
    people = {pid: [stage.driver.person("run") for _ in range(count)] for pid in wires}

    async def start_all(pid: int) -> None:
        for person in people[pid]:
            entry = stage.ledger.open(START, person, node=node.name)
            await stage.driver.ask(wires[pid], entry, start_request(person))

    await asyncio.gather(*map(start_all, people))
    for wire in (*wires.values(), *others):
        wire.close()
    await stage.settled(60)
    return {pid: [stage.messages.of(p)[0].code for p in found] for pid, found in people.items()}


async def _wire_to_each(node: Node) -> tuple[dict[int, Wire], list[Wire]]:
    """Return a kept connection to each server process by its id, and those that were too many."""
    members = await _members(node)
    found: dict[int, Wire] = {}
    others: list[Wire] = []
    for _ in range(_MOST_CONNECTIONS):
        wire = Wire(node.port)
        answer = await wire.ask(get("/livez"))
        streams = await wire.connected()
        wire.keep(streams, answer)
        port = int(streams[1].get_extra_info("sockname")[1])
        pid = await asyncio.to_thread(_who_serves, members, port)
        if pid in found:
            others.append(wire)
        else:
            found[pid] = wire
        if len(found) == len(members):
            return found, others
    raise RuntimeError(f"only {len(found)} of {len(members)} server processes take connections")


def _who_serves(members: Sequence[psutil.Process], port: int) -> int:
    """Return the process whose connection ends at this port of ours."""
    for member in members:
        if any(c.raddr and c.raddr.port == port for c in member.net_connections("tcp4")):
            return int(member.pid)
    raise RuntimeError(f"nobody serves port {port}")


def _equal_runs(codes: Mapping[int, Sequence[str]]) -> list[Figure]:
    """Return the figures for runs of codes that came twice, from one process or from two."""
    runs = [
        tuple(found[begin : begin + _RUN])
        for found in codes.values()
        for begin in range(len(found) - _RUN + 1)
    ]
    return [
        exactly(f"equal runs of {_RUN} codes", len(runs) - len(set(runs)), 0),
        told(f"{len(runs):,} runs of {len(codes)} processes"),
    ]


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
