"""R-25: signing keys are rotated while tokens of the older ones are alive."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chaos.figures import Figure, at_least, at_most, exactly, none_of, told
from chaos.nodes import Node
from chaos.procedures.races import crowd_of_nodes
from chaos.registry import procedure
from chaos.relying_party import Calendar, RelyingParty, kid
from chaos.stage import Stage
from chaos.tokens import (
    ES256,
    RS256,
    Held,
    published,
    refresh,
    signed_in,
    two_applications,
)

_TOGETHER_SECONDS = 5.0
_AGED = 660
"""Seconds: whoever caches the keys for as long as they may has fetched the next one by then."""

_AGE = "update signing_keys set changed_at = changed_at - {}"
_DAY = 86_400
_LONGEST_DAYS = 30
"""How long the access token of an API may live."""

_TENDED_SECONDS = 95.0
"""Each process looks after its keys at least so often."""

_APPLICATIONS = (RS256, ES256)


@procedure(
    "R-25",
    "signing keys are rotated five times under load (RS256 and ES256); two applications cache the "
    "keys for as long as they may, and verify each ID token and each API's access token with them; "
    "at last the old keys are 29 days old, and access tokens live for 30. To the keys and the "
    "caches eleven minutes seem to pass before each rotation",
    bound="0 unexpired tokens refused; each key is published for the cache's max-age or longer "
    "before it signs; nodes switch together ≤ 5 s; whoever meets an unknown key finds it published",
    mostly_waits=True,
)
async def keys_rotated(stage: Stage) -> list[Figure]:
    """Whoever caches the published keys for as long as they may never meets an unknown one."""
    rounds = stage.scale.pick(short=1, full=5)
    nodes = await crowd_of_nodes(stage, more=two_applications(_LONGEST_DAYS * _DAY))
    book = _Book(nodes)
    for application in _APPLICATIONS:
        await book.take(await signed_in(stage, nodes[0], application), application)
    switches: list[float] = []
    appearances: list[float] = []
    early = rotations = 0
    for _ in range(rounds):
        early += await rotated(nodes[0])  # refused: the next key is published from now on
        appearances.append(await until_published(stage, nodes))
        await book.note_published()
        await _age(stage, book, _AGED)
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for application in _APPLICATIONS:
                group.create_task(_refresh_on(stage, nodes, application, book=book, over=over))
            await asyncio.sleep(stage.scale.seconds(short=0.2, full=10))
            before = set(book.used)
            rotations += await rotated(nodes[0])
            switches.append(await until_switched(stage, nodes, before))
            await asyncio.sleep(stage.scale.seconds(short=0.2, full=10))
            over.set()
        await book.verify_again()
    within = _TOGETHER_SECONDS * stage.scale.patience
    return [
        *await stage.ledger_check(),
        none_of("unexpired tokens refused", book.refused, 2 * len(book.held)),
        none_of("tokens whose key is not published at a node", await book.unpublished()),
        exactly("rotations", rotations, rounds),
        at_least("keys that have signed", len(book.used), 2 * (rounds + 1)),
        at_least("shortest time a key was published before it signed", *book.notice(), " s"),
        at_most("all nodes sign with the next after", max(switches), within, " s"),
        at_most("all nodes publish the one after", max(appearances), within, " s"),
        at_most("rotations allowed before the next key was published for long", early, 0),
        *await _months_later(stage, nodes, book),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
        told(f"keys fetched {sum(each.fetches for each in book.readers.values())} times"),
    ]


@dataclass(slots=True, eq=False)
class _Book:
    """Which key was published when, which one signed when, and what was refused."""

    nodes: Sequence[Node]
    calendar: Calendar = field(default_factory=Calendar)
    published: dict[str, float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)
    held: list[tuple[Held, Mapping[str, str]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    readers: dict[str, RelyingParty] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let an application of each kind read at the first node."""
        self.readers = {
            each["client_id"]: self._reader(self.nodes[0], each) for each in _APPLICATIONS
        }

    async def take(self, held: Held, application: Mapping[str, str]) -> None:
        """Verify new tokens as their application does, and note which keys signed them."""
        for token in (held.id_token, held.access_token):
            self.used.setdefault(kid(token), self.calendar.now())
        self.held.append((held, application))
        self.refused += await self.readers[application["client_id"]].refuses(held)

    async def note_published(self) -> None:
        """Note the keys that each node publishes; those that signed before tell nothing."""
        for key in await self._on_all_nodes():
            self.published.setdefault(key, self.calendar.now())

    async def verify_again(self) -> None:
        """Verify all there has been once more."""
        for held, application in self.held:
            self.refused += await self.readers[application["client_id"]].refuses(held)

    async def unpublished(self) -> list[str]:
        """Return the keys of tokens that somebody who fetches now would not find."""
        return sorted(set(self.used) - await self._on_all_nodes())

    def notice(self) -> tuple[float, float]:
        """Return how long keys were published before they signed, at least; and the caches' age."""
        signed = sorted(self.used.items(), key=lambda each: each[1])[len(_APPLICATIONS) :]
        waits = [at - self.published.get(key, at) for key, at in signed]
        return min(waits, default=0.0), max(each.max_age for each in self.readers.values())

    async def refused_by_newcomers(self) -> list[str]:
        """Return what applications that fetch the keys only now refuse of the access tokens."""
        told = []
        for node in self.nodes:
            readers = {each["client_id"]: self._reader(node, each) for each in _APPLICATIONS}
            for held, application in self.held:
                told += await readers[application["client_id"]].refuses_access(held)
        return told

    async def _on_all_nodes(self) -> set[str]:
        return set.intersection(*[await key_ids(node) for node in self.nodes])

    def _reader(self, node: Node, application: Mapping[str, str]) -> RelyingParty:
        return RelyingParty(node, application["client_id"], application["audience"], self.calendar)


async def _age(stage: Stage, book: _Book, seconds: int) -> None:
    """Let time pass for the keys, and for whoever caches them."""
    await stage.database.run(_AGE.format(seconds * 1000))
    book.calendar.ahead += seconds


async def _months_later(stage: Stage, nodes: Sequence[Node], book: _Book) -> list[Figure]:
    """Return whether a key outlives the last access token that it signed.

    Only where there is the time to let every process look after its keys.
    """
    if not stage.scale.is_full:
        return []
    await _age(stage, book, (_LONGEST_DAYS - 1) * _DAY)
    await asyncio.sleep(_TENDED_SECONDS)
    refused = await book.refused_by_newcomers()
    return [none_of("access tokens refused 29 days later", refused, len(nodes) * len(book.held))]


async def _refresh_on(
    stage: Stage,
    nodes: Sequence[Node],
    application: Mapping[str, str],
    *,
    book: _Book,
    over: asyncio.Event,
) -> None:
    """Sign in, and again and again have new tokens for the refresh token."""
    held = await signed_in(stage, nodes[0], application)
    number = 0
    while not over.is_set():
        number += 1
        held = Held.of(await refresh(stage, nodes[number % len(nodes)], held, application))
        await book.take(held, application)
        await asyncio.sleep(0.05)


async def rotated(node: Node, *options: str) -> bool:
    """Ask for a rotation and return whether it was done; it is refused while it is too early."""
    done = await asyncio.to_thread(node.command, "keys", "rotate-signing", *options)
    if done.returncode != 0 and "Refused" not in done.stdout + done.stderr:
        raise RuntimeError(done.stderr or done.stdout)
    return done.returncode == 0


async def until_switched(stage: Stage, nodes: Sequence[Node], old: set[str]) -> float:
    """Return after how long every node signs with keys that none had used before."""
    began = time.monotonic()
    for node in nodes:
        for application in _APPLICATIONS:
            while time.monotonic() < began + 60:
                held = await signed_in(stage, node, application)
                if not {kid(held.id_token), kid(held.access_token)} & old:
                    break
                await asyncio.sleep(0.05)
    return time.monotonic() - began


async def until_published(stage: Stage, nodes: Sequence[Node]) -> float:
    """Return after how long every node publishes each key of the database."""
    began = time.monotonic()
    rows = await stage.database.rows("select id from signing_keys")
    wanted = {str(key) for (key,) in rows}
    for node in nodes:
        while not wanted <= await key_ids(node) and time.monotonic() < began + 60:
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def key_ids(node: Node) -> set[str]:
    """Return the ids of the keys that a node publishes."""
    return {key["kid"] for key in (await published(node))[0]}
