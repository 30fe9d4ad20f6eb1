"""R-18, R-19: a node's wall clock is wrong, or jumps."""

import asyncio
import base64
import json
import os
import time
from collections.abc import Sequence

from chaos.databases import POSTGRESQL
from chaos.figures import Figure, at_most, none_of, told
from chaos.ledger import OK, Entry
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage
from tests.support.faketime import FakeTime

_LIFETIME = 60
_LIMITED = 429
_HOUR = 3600.0
_EMAIL = f"code_lifetime = {_LIFETIME}\nlink_lifetime = {_LIFETIME}"
_EXPIRIES = "select identifier, created_at, code_expires_at from challenges"
_EXPIRE = """
update challenges set code_expires_at = {now}, link_expires_at = {now}
where identifier like 'old-%'
"""
_WINDOWS = "select max(window_ends_at) from limits where name = 'starts_per_identifier'"
_ERROR_SECONDS = 5.0


@procedure(
    "R-18",
    "of two nodes one lives 90 s ahead, then 90 s behind",
    bound="codes of one work at the other; times ≤ 5 s wrong; tokens are of now",
    databases=(POSTGRESQL,),
    mostly_waits=True,
)
async def skewed_nodes(stage: Stage) -> list[Figure]:
    """The time that decides is the database's, whatever the nodes' clocks say."""
    codes: list[Entry] = []
    claims: list[float] = []
    figures: list[Figure] = []
    with FakeTime() as fake:
        right = stage.node(email=_EMAIL)
        wrong = stage.node(environment=_with(fake))
        for shift in (90.0, -90.0):
            fake.jump(shift)
            await right.start()
            await wrong.start()
            codes += await _across(stage, right, wrong, claims)
            if stage.scale.is_full:
                figures += await _expiry(stage, right, wrong, shift)
            await asyncio.gather(right.stop(), wrong.stop())
        rows = await stage.database.rows(_EXPIRIES)
    began = {entry.person: entry.asked_at for entry in stage.ledger.acknowledged}
    offset = time.time() - time.monotonic()
    errors = [
        abs(int(expires) / 1000 - _LIFETIME - began[person] - offset)
        for person, _, expires in rows
        if person in began
    ]
    await stage.settled()
    return [
        *await stage.ledger_check(),
        none_of(
            "codes refused across nodes", [e.name for e in codes if e.status != OK], len(codes)
        ),
        at_most("most wrong expiry", max(errors), _ERROR_SECONDS * stage.scale.patience, " s"),
        at_most("most wrong iat", max(claims), _ERROR_SECONDS * stage.scale.patience, " s"),
        *figures,
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


def _with(fake: FakeTime) -> dict[str, str]:
    """Return its environment, with the folders where this process finds modules besides."""
    folders = [fake.environment["PYTHONPATH"], os.environ.get("PYTHONPATH", "")]
    return fake.environment | {"PYTHONPATH": ":".join(filter(None, folders))}


async def _across(stage: Stage, right: Node, wrong: Node, claims: list[float]) -> list[Entry]:
    """Start at one node and answer at the other, both ways."""
    found = []
    for one, other in ((right, wrong), (wrong, right)) * stage.scale.pick(short=2, full=25):
        person = stage.driver.person("skewed")
        await stage.driver.start(person, one)
        code = await stage.driver.code_of(person)
        entry = await stage.driver.verify(person, code, other, more={"scope": "openid"})
        found.append(entry)
        if entry.status == OK:
            claims.append(abs(_issued_at(str(entry.reply["id_token"])) - time.time()))
    return found


def _issued_at(token: str) -> float:
    body = token.split(".")[1]
    return float(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["iat"])


async def _expiry(stage: Stage, right: Node, wrong: Node, shift: float) -> list[Figure]:
    """Let codes come close to their end, and pass it, at both nodes."""
    people = [stage.driver.person("expiry") for _ in range(8)]
    nodes = [right, wrong]
    began = time.monotonic()
    for number, person in enumerate(people):
        await stage.driver.start(person, nodes[number % 2])
    codes = [await stage.driver.code_of(person) for person in people]
    await asyncio.sleep(began + _LIFETIME - _ERROR_SECONDS - time.monotonic())
    early = await _tried(stage, people[:4], codes[:4], [wrong, right])
    await asyncio.sleep(began + _LIFETIME + _ERROR_SECONDS - time.monotonic())
    late = await _tried(stage, people[4:], codes[4:], [wrong, right])
    return [
        none_of(f"refused 5 s early at {shift:+.0f} s", [e.name for e in early if e.status != OK]),
        none_of(f"accepted 5 s late at {shift:+.0f} s", [e.name for e in late if e.status == OK]),
    ]


async def _tried(
    stage: Stage, people: Sequence[str], codes: Sequence[str], nodes: Sequence[Node]
) -> list[Entry]:
    return [
        await stage.driver.verify(person, code, nodes[number % 2])
        for number, (person, code) in enumerate(zip(people, codes, strict=True))
    ]


@procedure(
    "R-19",
    "a node's clock jumps an hour back, then two hours ahead, while it serves",
    bound="no expired code is accepted; no limit is stuck; living codes work; mail goes on",
    mostly_waits=True,
)
async def jumping_clock(stage: Stage) -> list[Figure]:
    """What is over stays over, and what waits does not wait for an hour."""
    revived: list[Entry] = []
    fresh: list[bool] = []
    with FakeTime() as fake:
        node = stage.node(environment=_with(fake), email=_EMAIL, starts='"3/1m"')
        await node.start()
        old = [await _held(stage, node, "old") for _ in range(4)]
        await _pass_their_time(stage)
        for shift in (-_HOUR, _HOUR):
            held = await _held(stage, node, "held")
            fake.jump(shift)
            await asyncio.sleep(stage.scale.pick(short=1.2, full=5.0))
            revived += [await stage.driver.verify(*each, node) for each in old]
            fresh.append((await stage.driver.verify(*held, node)).status == OK)
            fresh.append(await stage.driver.sign_in(stage.driver.person("fresh"), node))
        limits = await _limits(stage, node)
        await stage.settled()
        figures = await stage.ledger_check()
    return [
        *figures,
        none_of(
            "expired codes accepted", [e.name for e in revived if e.status == OK], len(revived)
        ),
        none_of("living codes and new logins refused", [x for x in fresh if not x], len(fresh)),
        *limits,
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
        told("jumps: an hour back, then to an hour ahead"),
    ]


async def _limits(stage: Stage, node: Node) -> list[Figure]:
    """Use a limit up after the jumps; its window ends when it should, and then it is whole."""
    mallory = stage.driver.person("mallory")
    statuses = [(await stage.driver.start(mallory, node)).status for _ in range(4)]
    [(ends,)] = await stage.database.rows(_WINDOWS)
    left = int(ends) / 1000 - time.time()
    figures = [
        Figure(f"the fourth start in a minute {statuses[3]}", "429", statuses[3] == _LIMITED),
        at_most("the latest window ends in", left, 60 + _ERROR_SECONDS, " s"),
    ]
    if stage.scale.is_full:
        await asyncio.sleep(max(0.0, left) + 1)
        healed = (await stage.driver.start(mallory, node)).status
        figures.append(Figure(f"then a start {healed}", "200", healed == OK))
    return figures


async def _held(stage: Stage, node: Node, label: str) -> tuple[str, str]:
    person = stage.driver.person(label)
    await stage.driver.start(person, node)
    return person, await stage.driver.code_of(person)


async def _pass_their_time(stage: Stage) -> None:
    """Let the first codes expire: by waiting, or, where nobody waits for a minute, by hand."""
    if stage.scale.is_full:
        await asyncio.sleep(_LIFETIME + 1)
    else:
        await stage.database.run(_EXPIRE.format(now=int((time.time() - 1) * 1000)))
