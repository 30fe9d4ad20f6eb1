"""People who go on asking while something is broken, each in the way that a procedure needs."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from chaos.ledger import OK, VERIFY, Entry
from chaos.nodes import Node
from chaos.stage import Stage

_OVER = {200, 403}
"""Answers that decide about a code."""


@dataclass(slots=True, eq=False)
class Crowd:
    """Clients of the nodes, from ``async with`` until it ends."""

    stage: Stage
    nodes: Sequence[Node]
    starters: int = 4
    guessers: int = 2
    holders: Sequence[tuple[str, str]] = ()
    """People with their unread right codes: each tries until it is accepted, or refused,
    and once more at the end."""
    pause: float = 0.0
    """Seconds between two requests of one client; by itself what the scale can bear."""
    label: str = "crowd"
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        """Begin."""
        self.pause = self.pause or self.stage.scale.pick(short=0.1, full=0.03)
        lives = [self._start_on(number) for number in range(self.starters)]
        lives += [self._guess_on(number) for number in range(self.guessers)]
        lives += [self._hold(*each, number) for number, each in enumerate(self.holders)]
        self._tasks = [asyncio.create_task(life) for life in lives]
        return self

    async def __aexit__(self, *_: object) -> None:
        """End after the answers that are on their way."""
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def _start_on(self, number: int) -> None:
        while not self._stop.is_set():
            node = self._node(number)
            await self.stage.driver.start(self.stage.driver.person(self.label), node)
            number += 1
            await asyncio.sleep(self.pause)

    async def _guess_on(self, number: int) -> None:
        """Answer wrongly, for people who were never sent anything."""
        while not self._stop.is_set():
            person = self.stage.driver.person("mallory")
            await self.stage.driver.verify(person, "000000", self._node(number))
            number += 1
            await asyncio.sleep(self.pause)

    async def _hold(self, person: str, code: str, number: int) -> None:
        is_last = False
        while True:
            entry = await self.stage.driver.verify(person, code, self._node(number))
            if entry.status in _OVER or is_last:
                return
            number += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self.pause * 8)
            is_last = self._stop.is_set()

    def _node(self, number: int) -> Node:
        return self.nodes[number % len(self.nodes)]


async def with_codes(stage: Stage, nodes: Sequence[Node], count: int) -> list[tuple[str, str]]:
    """Return so many people with a code in their hands."""
    people = [stage.driver.person("holder") for _ in range(count)]
    await asyncio.gather(
        *(
            stage.driver.start(person, nodes[number % len(nodes)])
            for number, person in enumerate(people)
        )
    )
    return [(person, await stage.driver.code_of(person, patience=30)) for person in people]


def asked_between(stage: Stage, begin: float, end: float) -> list[Entry]:
    """Return what was asked in a stretch of time."""
    return [entry for entry in stage.ledger.entries if begin <= entry.asked_at < end]


def unproven(stage: Stage, holders: Sequence[tuple[str, str]]) -> list[str]:
    """Return the people whose right code was not accepted in the end."""
    proven = {entry.person for entry in stage.ledger.of(VERIFY, status=OK)}
    return [person for person, _ in holders if person not in proven]
