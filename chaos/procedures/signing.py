"""R-25: signing keys are rotated while tokens of the older ones are alive."""

import asyncio
import base64
import json
import time
from collections.abc import Sequence

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chaos.figures import Figure, at_least, at_most, exactly, none_of, told
from chaos.ledger import OK
from chaos.nodes import Node
from chaos.procedures.races import crowd_of_nodes
from chaos.registry import procedure
from chaos.stage import Stage
from chaos.wire import get

_JWKS = "/.well-known/jwks.json"
_TOGETHER_SECONDS = 5.0
_AGE = "update signing_keys set changed_at = changed_at - 660000"
"""As if eleven minutes had passed: whoever caches the keys has fetched the next one by now."""


@procedure(
    "R-25",
    "signing keys are rotated five times under load; the application fetches them once between",
    bound="0 unexpired tokens refused; nodes switch together ≤ 5 s; each key is published first",
    mostly_waits=True,
)
async def keys_rotated(stage: Stage) -> list[Figure]:
    """Whoever caches the published keys for as long as they may never meets an unknown one."""
    rounds = stage.scale.pick(short=1, full=5)
    nodes = await crowd_of_nodes(stage)
    tokens: list[str] = [await id_token(stage, node) for node in nodes]
    refused: list[str] = []
    switches: list[float] = []
    published: list[float] = []
    early = rotations = 0
    for _ in range(rounds):
        early += await rotated(nodes[0])  # refused: the next key is published from now on
        published.append(await until_published(stage, nodes))
        cached = await published_by(nodes[0])
        await stage.database.run(_AGE)
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(_sign(stage, nodes, tokens, over))
            await asyncio.sleep(stage.scale.seconds(short=0.2, full=10))
            before = set(map(kid, tokens))
            rotations += await rotated(nodes[0])
            switches.append(await until_switched(stage, nodes, before))
            await asyncio.sleep(stage.scale.seconds(short=0.2, full=10))
            over.set()
        refused += refused_among(tokens, cached)
    refused += [bad for node in nodes for bad in refused_among(tokens, await published_by(node))]
    return [
        *await stage.ledger_check(),
        none_of("unexpired tokens refused", refused, len(tokens)),
        exactly("rotations", rotations, rounds),
        at_least("keys that have signed", len({kid(token) for token in tokens}), rounds + 1),
        at_most(
            "all nodes sign with the next after",
            max(switches),
            _TOGETHER_SECONDS * stage.scale.patience,
            " s",
        ),
        at_most(
            "all nodes publish the one after",
            max(published),
            _TOGETHER_SECONDS * stage.scale.patience,
            " s",
        ),
        at_most("rotations allowed before the next key was published for long", early, 0),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
        told("tokens of a live rotation; refresh tokens are not built yet"),
    ]


async def rotated(node: Node, *options: str) -> bool:
    """Ask for a rotation and return whether it was done; it is refused while it is too early."""
    done = await asyncio.to_thread(node.command, "keys", "rotate-signing", *options)
    if done.returncode != 0 and "Refused" not in done.stdout + done.stderr:
        raise RuntimeError(done.stderr or done.stdout)
    return done.returncode == 0


async def _sign(
    stage: Stage, nodes: Sequence[Node], tokens: list[str], over: asyncio.Event
) -> None:
    number = 0
    while not over.is_set():
        number += 1
        tokens.append(await id_token(stage, nodes[number % len(nodes)]))
        await asyncio.sleep(0.02)


async def id_token(stage: Stage, node: Node) -> str:
    """Return the ID token of a whole login."""
    person = stage.driver.person("signed")
    await stage.driver.start(person, node)
    code = await stage.driver.code_of(person)
    entry = await stage.driver.verify(person, code, node, scope="openid")
    if entry.status != OK:
        raise RuntimeError(entry.name)
    return str(entry.reply["id_token"])


async def until_switched(stage: Stage, nodes: Sequence[Node], old: set[str]) -> float:
    """Return after how long every node signs with a key that none had used before."""
    began = time.monotonic()
    for node in nodes:
        while kid(await id_token(stage, node)) in old and time.monotonic() < began + 60:
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def until_published(stage: Stage, nodes: Sequence[Node]) -> float:
    """Return after how long every node publishes each key of the database."""
    began = time.monotonic()
    rows = await stage.database.rows("select id from signing_keys")
    wanted = {str(key) for (key,) in rows}
    for node in nodes:
        while time.monotonic() < began + 60:
            if wanted <= {str(key.kid) for key in (await published_by(node)).keys}:
                break
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def published_by(node: Node) -> KeySet:
    """Return the keys that a node publishes."""
    answer = await node.wire.ask(get(_JWKS))
    return KeySet.import_key_set(json.loads(answer.body))


def refused_among(tokens: Sequence[str], published: KeySet) -> list[str]:
    """Return the ID tokens that an application with these keys refuses, each with the reason."""
    found = []
    for token in tokens:
        try:
            jwt.decode(token, published, algorithms=["RS256", "ES256", "EdDSA"])
        except (JoseError, ValueError) as error:
            found.append(f"{kid(token)}: {type(error).__name__}")
    return found


def kid(token: str) -> str:
    """Return the id of the key that signed a token."""
    head = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])
