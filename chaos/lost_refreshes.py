"""A client whose answer to a refresh was lost asks again: in time, and too late."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from chaos.cutting import cut_off
from chaos.figures import Figure, at_least, exactly, none_of
from chaos.ledger import OK, Entry
from chaos.nodes import Node
from chaos.stage import Stage
from chaos.tokens import OFFLINE, REFUSED, Held, refresh, refresh_request, several_signed_in

_GRACE_SECONDS = 10.0
_PLACE = "refreshes"
_ROTATED = """
select count(*) from refresh_families f join identifiers i on i.user_id = f.user_id
where i.identifier = '{person}' and f.generation > 0
"""
_REUSED = "select count(*) from events where type = 'RefreshTokenReused'"
_AGE = "update refresh_families set rotated_at = rotated_at - 11000"


@dataclass(slots=True)
class _Lost:
    """A refresh whose answer was lost, and what its client heard when it asked again."""

    first: Held
    was_cut: bool
    within: list[Entry]
    late: list[Entry] = field(default_factory=list)
    """What the first token brought after the grace, and then the one that was newest."""

    @property
    def has_one_successor(self) -> bool:
        """Whether every answer within the grace brought one and the same token."""
        tokens = {entry.reply.get("refresh_token") for entry in self.within}
        return {entry.status for entry in self.within} == {OK} and len(tokens) == 1

    @property
    def newest(self) -> Held:
        """What the last answer within the grace brought; the first token, where it was refused."""
        last = self.within[-1]
        return Held.of(last) if last.status == OK else self.first


async def repeated_refreshes(stage: Stage, nodes: Sequence[Node]) -> list[Figure]:
    """Repeat so many refreshes whose answer was cut off; return what must hold of them."""
    count = stage.scale.pick(short=4, full=20)
    port = await stage.edges.proxy(_PLACE, nodes[0].port)
    held = await several_signed_in(stage, nodes, count, {"scope": OFFLINE})
    found = [await _lost(stage, nodes, each, port) for each in held]
    early = await _reused(stage)
    going_on, too_late = found[::2], found[1::2]
    next_ones = [await refresh(stage, nodes[-1], each.newest) for each in going_on]
    await _until_the_grace_is_over(stage)
    for number, each in enumerate(too_late):
        node = nodes[number % len(nodes)]
        each.late = [await refresh(stage, node, held) for held in (each.first, each.newest)]
    accepted = [e.name for each in too_late for e in each.late if e.status != REFUSED]
    return [
        at_least("refreshes cut off after the commit", sum(e.was_cut for e in found), count),
        none_of(
            "those whose repetitions brought none, or two different tokens",
            [each.first.person for each in found if not each.has_one_successor],
            count,
        ),
        none_of("repetitions within the grace that counted as reuse", range(early)),
        none_of(
            "tokens that a repetition brought and that are no good",
            [entry.name for entry in next_ones if entry.status != OK],
            len(next_ones),
        ),
        none_of("tokens of a family not refused after it", accepted, 2 * len(too_late)),
        exactly("families ended for reuse", await _reused(stage) - early, len(too_late)),
    ]


async def _lost(stage: Stage, nodes: Sequence[Node], held: Held, port: int) -> _Lost:
    was_cut = await cut_off(
        stage,
        _PLACE,
        port,
        asked=refresh_request(held.refresh_token),
        committed=_ROTATED.format(person=held.person),
    )
    return _Lost(held, was_cut, [await refresh(stage, each, held) for each in (*nodes, *nodes)])


async def _until_the_grace_is_over(stage: Stage) -> None:
    if stage.scale.is_full:
        await asyncio.sleep(_GRACE_SECONDS + 0.5)
    else:
        await stage.database.run(_AGE)


async def _reused(stage: Stage) -> int:
    [(count,)] = await stage.database.rows(_REUSED)
    return int(count)
