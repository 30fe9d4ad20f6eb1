"""R-11, R-12: the PostgreSQL server dies, and a streaming standby takes over."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from chaos.crowd import Crowd, unproven, with_codes
from chaos.databases import POSTGRESQL, ServerDatabase
from chaos.figures import Figure, at_least, at_most, exactly, none_of, told
from chaos.ledger import OK
from chaos.nodes import Node
from chaos.procedures.server import all_serve, server_of
from chaos.registry import procedure
from chaos.stage import Stage
from chaos.tokens import (
    OFFLINE,
    REFUSED,
    Held,
    refresh,
    revoke,
    several_signed_in,
    signed_in,
    userinfo,
)
from tests.support.standby import Standby

_VOUCHED = 'database_failover = "synchronous"'
_BACK_SECONDS = 10.0
_EXPECTED = {0, 200, 403, 503}


@procedure(
    "R-11",
    "kill -9 of the primary under load; the synchronous standby is promoted and takes its address",
    bound="0 acknowledged sends lost; writes back ≤ 10 s after; no node restarted; codes stay good",
    databases=(POSTGRESQL,),
    hurts_server=True,
)
async def synchronous_failover(stage: Stage) -> list[Figure]:
    """What was acknowledged is on both servers, so the second one simply goes on."""
    rounds = stage.scale.pick(short=1, full=3)
    with Standby(server_of(stage).cluster, synchronous=True) as first:
        nodes = await _behind_one_address(stage, top=_VOUCHED)
        holders = await with_codes(stage, nodes, 8)
        takeovers = []
        standby = first
        async with Crowd(stage, nodes, starters=6):
            for number in range(rounds):
                await asyncio.sleep(stage.scale.seconds(short=0.5, full=8))
                takeovers.append(await _fail_over(stage, nodes, standby))
                if number < rounds - 1:  # the new primary gets a standby of its own
                    standby = await asyncio.to_thread(
                        Standby(standby.cluster, synchronous=True).create
                    )
                    stage.stack.callback(standby.close)
            for person, code in holders:
                await stage.driver.verify(person, code, nodes[0])
        figures = await _outcome(stage, takeovers)
        return [
            *figures,
            none_of("codes of before that are no good", unproven(stage, holders), len(holders)),
        ]


async def _behind_one_address(stage: Stage, **tables: str) -> list[Node]:
    """Return two nodes that know the database by an address that can be given to another."""
    database = server_of(stage)
    port = await stage.edges.proxy("database", database.cluster.port)
    url = database.url_through(port)
    nodes = [stage.node(database_url=url, **tables) for _ in range(2)]  # type: ignore[arg-type]
    await nodes[0].start()
    await nodes[1].start()
    return nodes


async def _fail_over(stage: Stage, nodes: Sequence[Node], standby: Standby) -> float:
    """Kill the primary, promote the standby, give it the address; return how long writes took."""
    old = server_of(stage)
    await asyncio.to_thread(old.cluster.kill)
    await asyncio.sleep(stage.scale.pick(short=0.3, full=3.0))
    # The address leads to the standby before it takes writes, as a proxy's check would have it.
    await stage.edges.retarget("database", standby.cluster.port)
    await asyncio.sleep(stage.scale.pick(short=0.3, full=2.0))
    await asyncio.to_thread(standby.promote)
    promoted = time.monotonic()
    stage.database = ServerDatabase(standby.cluster, old.name)
    return await all_serve(stage, nodes) - promoted


async def _outcome(stage: Stage, takeovers: Sequence[float]) -> list[Figure]:
    await stage.settled(60)
    statuses = {entry.status for entry in stage.ledger.entries}
    alive = [n.name for n in stage.nodes if n.process is None or n.process.poll() is not None]
    return [
        *await stage.ledger_check(),
        at_most("writes back after", max(takeovers), _BACK_SECONDS * stage.scale.patience, " s"),
        none_of("other answers than 200, 403, 503", statuses - _EXPECTED),
        none_of("nodes that ended", alive, len(stage.nodes)),
        told(f"{len(takeovers)} failover(s), {len(stage.ledger.acknowledged):,} sends"),
    ]


@procedure(
    "R-12",
    "the standby lags; codes are used, refresh tokens rotated and revoked, access tokens revoked; "
    "kill -9 of the primary, promotion",
    bound="no used code and no rotated or revoked token is accepted; nodes serve ≤ 10 s after",
    databases=(POSTGRESQL,),
    hurts_server=True,
)
async def asynchronous_failover(stage: Stage) -> list[Figure]:
    """The standby knows nothing of the last minutes: so nothing of then is good any more."""
    count = stage.scale.pick(short=4, full=100)
    with Standby(server_of(stage).cluster, synchronous=False) as standby:
        nodes = await _behind_one_address(stage)
        holders = await with_codes(stage, nodes, count)
        unused = await with_codes(stage, nodes, 4)
        blocked = await signed_in(stage, nodes[0], {"scope": OFFLINE})
        families = await _families(stage, nodes)
        await asyncio.to_thread(standby.catch_up)
        await asyncio.to_thread(standby.stop_receiving)
        used = [await stage.driver.verify(*each, nodes[0]) for each in holders]
        await asyncio.to_thread(nodes[0].command, "users", "block", blocked.person)
        await families.change(stage, nodes)
        dead = [*families.dead, blocked]
        before = [await userinfo(nodes[1], each.access_token) for each in families.revoked]
        before.append(await userinfo(nodes[1], blocked.access_token))
        took = await _fail_over(stage, nodes, standby)
        again = [
            await stage.driver.verify(person, code, nodes[number % 2])
            for number, (person, code) in enumerate(holders)
        ]
        late = [await stage.driver.verify(*each, nodes[1]) for each in unused]
        opened = [e for e in dead for node in nodes if await userinfo(node, e.access_token) == OK]
        traded = [await refresh(stage, node, each) for each in dead for node in nodes]
        signed_in_again = [
            await stage.driver.sign_in(stage.driver.person("after"), node) for node in nodes
        ]
        await stage.settled()
    accepted = sum(entry.status == OK for entry in used)
    wrong = [entry for entry in traded if entry.status != REFUSED]
    return [
        at_least("codes used that the standby knows as unused", accepted, count),
        none_of("used codes accepted again", [e.name for e in again if e.status == OK], count),
        none_of("codes of before accepted", [e.name for e in late if e.status == OK], len(late)),
        exactly(
            "refresh tokens rotated that the standby knows as current", len(families.next), _FEW
        ),
        none_of("revoked access tokens good before", [s for s in before if s == OK], len(before)),
        none_of("access tokens of before accepted", opened, 2 * len(dead)),
        none_of("refresh tokens of before not refused", [e.name for e in wrong], len(traded)),
        at_most("nodes serve after", took, _BACK_SECONDS * stage.scale.patience, " s"),
        none_of("logins that failed afterwards", [x for x in signed_in_again if not x], len(nodes)),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


@dataclass(slots=True)
class _Families:
    """Sign-ins whose tokens the standby knows, and what becomes of them while it hears nothing."""

    rotated: list[Held]
    revoked: list[Held]
    next: list[Held] = field(default_factory=list)

    async def change(self, stage: Stage, nodes: Sequence[Node]) -> None:
        """Rotate some refresh tokens; give the others back, and their access tokens too."""
        for number, each in enumerate(self.rotated):
            self.next.append(Held.of(await refresh(stage, nodes[number % len(nodes)], each)))
        for each in self.revoked:
            for token in (each.refresh_token, each.access_token):
                done = await revoke(stage, nodes[0], token)
                if done.status != OK:
                    raise RuntimeError(done.name)

    @property
    def dead(self) -> list[Held]:
        """All of them, older ones first: after a failover none may be good."""
        return [*self.rotated, *self.next, *self.revoked]


_FEW = 6


async def _families(stage: Stage, nodes: Sequence[Node]) -> _Families:
    rotated, revoked = [
        await several_signed_in(stage, nodes, _FEW, {"scope": OFFLINE}) for _ in range(2)
    ]
    return _Families(rotated, revoked)
