"""R-26: a signing key was stolen, and is withdrawn while its tokens are alive."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaos.figures import Figure, at_least, at_most, none_of
from chaos.ledger import OK
from chaos.nodes import Node
from chaos.procedures.races import crowd_of_nodes
from chaos.procedures.signing import key_ids, rotated
from chaos.registry import procedure
from chaos.relying_party import RelyingParty, kid
from chaos.stage import Stage
from chaos.tokens import (
    ES256,
    RS256,
    Held,
    is_active,
    refresh,
    several_signed_in,
    two_applications,
    userinfo,
)

_WITHIN_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0


@procedure(
    "R-26",
    "emergency: the signing keys are rotated at once and the ones before withdrawn, RS256 and "
    "ES256, while tokens by them are alive",
    bound="≤ 5 s after, no node publishes the keys, and userinfo and introspection refuse what "
    "they signed, whichever node gave it; refresh tokens go on and bring tokens by the new keys; "
    "opaque access tokens stay good",
)
async def keys_withdrawn(stage: Stage) -> list[Figure]:
    """What a thief could have signed is good for nothing, and nobody has to sign in again."""
    count = stage.scale.pick(short=2, full=20)
    nodes = await crowd_of_nodes(stage, more=two_applications())
    ours = [
        _Signed(held, application)
        for application in (RS256, ES256)
        for held in await several_signed_in(stage, nodes, count, application)
    ]
    opaque = await several_signed_in(stage, nodes, count, {"scope": "openid"})
    stolen = {kid(token) for each in ours for token in each.tokens}
    before = await _taken(nodes, ours)
    await rotated(nodes[0], "--now")
    began = time.monotonic()
    for key in stolen:
        await _withdraw(nodes[0], key)
    while (taken := await _taken(nodes, ours)) or await _publishing(nodes, stolen):
        if time.monotonic() > began + _PATIENCE_SECONDS:
            break
    took = time.monotonic() - began
    publishing = await _publishing(nodes, stolen)
    newer = [
        _Signed(Held.of(await refresh(stage, node, each.held, each.application)), each.application)
        for number, each in enumerate(ours)
        for node in [nodes[number % len(nodes)]]
    ]
    unread = [why for each in newer for why in await each.reader(nodes[-1]).refuses(each.held)]
    shut = [
        each for each in opaque for node in nodes if await userinfo(node, each.access_token) != OK
    ]
    return [
        *await stage.ledger_check(),
        at_least(
            "tokens by them taken before, everywhere", len(before), 2 * len(nodes) * len(ours)
        ),
        at_most(
            "refused everywhere after the first command began",
            took,
            _WITHIN_SECONDS * stage.scale.patience,
            " s",
        ),
        none_of("such tokens taken afterwards", taken, len(before)),
        none_of("nodes that publish a withdrawn key", publishing, len(nodes)),
        none_of("refreshed tokens that do not verify", unread, 2 * len(newer)),
        none_of("of which by a withdrawn key", stolen & {kid(t) for e in newer for t in e.tokens}),
        at_least("of which taken everywhere", len(await _taken(nodes, newer)), len(before)),
        none_of("opaque access tokens refused", shut, len(nodes) * len(opaque)),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


@dataclass(frozen=True, slots=True)
class _Signed:
    """Signed tokens, and whose they are."""

    held: Held
    application: Mapping[str, str]

    @property
    def tokens(self) -> tuple[str, str]:
        """Those that a key signed."""
        return self.held.id_token, self.held.access_token

    def reader(self, node: Node) -> RelyingParty:
        """Return the application, which fetches the keys of a node."""
        return RelyingParty(node, self.application["client_id"], self.application["audience"])


async def _taken(nodes: Sequence[Node], signed: Sequence[_Signed]) -> list[str]:
    """Return where access tokens are good still: at userinfo or introspection of a node.

    All at once, so that every process of a node is asked.
    """
    told = await asyncio.gather(*(_taken_by(node, each) for node in nodes for each in signed))
    return [where for each in told for where in each]


async def _taken_by(node: Node, signed: _Signed) -> list[str]:
    token, found = signed.held.access_token, []
    if await userinfo(node, token) == OK:
        found.append(f"userinfo of {node.name}")
    if await is_active(node, token, signed.application):
        found.append(f"introspection of {node.name}")
    return found


async def _publishing(nodes: Sequence[Node], keys: set[str]) -> list[str]:
    return [node.name for node in nodes if keys & await key_ids(node)]


async def _withdraw(node: Node, key: str) -> None:
    done = await asyncio.to_thread(node.command, "keys", "withdraw-signing", "--key", key, "--yes")
    if done.returncode != 0:
        raise RuntimeError(done.stderr or done.stdout)
