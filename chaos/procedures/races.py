"""R-13, R-14, R-15: many answers at once, many guesses at once, many codes at once."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from chaos.databases import SQLITE
from chaos.driver import at_once
from chaos.figures import Figure, at_least, at_most, exactly, none_of, told
from chaos.ledger import OK, Entry
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage

_REFUSED = 403
_WRONG = "Wrong email or verification code."
_ATTEMPTS = "select identifier, max(attempts) from challenges group by identifier"
_COUNTED = "select coalesce(max(attempts), 0) from challenges where identifier = '{person}'"
_LIMIT = 3


async def crowd_of_nodes(stage: Stage, **tables: str) -> list[Node]:
    """Return what the database carries: one node, or on PostgreSQL two (full: with workers)."""
    if stage.database.kind == SQLITE:
        return await stage.started(**tables)  # type: ignore[arg-type]
    workers = stage.scale.pick(short=1, full=2)
    return await stage.started(2, workers=workers, **tables)


async def _codes(stage: Stage, nodes: list[Node], people: list[str]) -> dict[str, str]:
    """Send everybody a code and return them by person."""
    waiting = iter(people)
    found: dict[str, str] = {}

    async def live(client: int) -> None:
        for person in waiting:
            await stage.driver.start(person, nodes[client % len(nodes)])
            found[person] = await stage.driver.code_of(person, patience=60)

    await at_once(8, live)
    return found


@procedure(
    "R-13",
    "64 parallel right answers to each of 1,000 codes, over two nodes with two workers each",
    bound="exactly 1 success per code, the others 403, no 5xx",
    on_sqlite="64 parallel right answers to each of 1,000 codes, at one node",
)
async def races_for_one_code(stage: Stage) -> list[Figure]:
    """However many come at once, wherever they come in: one of them gets in."""
    count = stage.scale.pick(short=4, full=1000)
    width = stage.scale.pick(short=24, full=64)
    nodes = await crowd_of_nodes(stage)
    people = [stage.driver.person("race") for _ in range(count)]
    codes = await _codes(stage, nodes, people)
    winners: Counter[str] = Counter()
    others: Counter[int] = Counter()
    for person, code in codes.items():
        lanes = list(itertools.islice(itertools.cycle(nodes), width))
        for entry in await stage.driver.race([(person, code, node) for node in lanes]):
            winners[person] += entry.status == OK
            others[entry.status] += entry.status != OK
    return [
        *await stage.ledger_check(),
        none_of("codes without exactly one winner", [p for p in people if winners[p] != 1], count),
        exactly("refused with 403", others[_REFUSED], count * (width - 1)),
        none_of("other answers", [s for s in others if others[s] and s != _REFUSED]),
        told(f"{len(nodes)} node(s)"),
    ]


@procedure(
    "R-14",
    "200 parallel wrong guesses at each of 200 accounts; in ten of these bursts a node is killed "
    "(-9) after the first guess was counted, and 32 guesses are repeated",
    bound="never more than the limit of 3 compared, and no count goes down; then the right code is "
    "refused too",
)
async def races_of_guesses(stage: Stage) -> list[Figure]:
    """A guess is counted before it is compared, so that no crowd gets more than one person."""
    accounts = stage.scale.pick(short=3, full=200)
    width = stage.scale.pick(short=60, full=200)
    killed = stage.scale.pick(short=1, full=10)
    nodes = await crowd_of_nodes(stage, email=f"max_attempts = {_LIMIT}")
    people = [stage.driver.person("guess") for _ in range(accounts)]
    codes = await _codes(stage, nodes, people)
    answered: Counter[str] = Counter()
    kills: list[_Kill] = []
    for number, (person, code) in enumerate(codes.items()):
        dies = number % (accounts // killed) == 0 and len(kills) < killed
        burst = _guesses(stage, nodes, person, code, width=width, kills=kills if dies else None)
        for entry in await burst:
            answered[person] += _was_compared(entry)
    compared = {str(p): int(n) for p, n in await stage.database.rows(_ATTEMPTS)}
    last = [await stage.driver.verify(p, code, nodes[0]) for p, code in codes.items()]
    return [
        *await stage.ledger_check(),
        at_most("guesses compared per account", max(compared.values()), _LIMIT),
        at_least("fewest", min(compared.values()), _LIMIT),
        at_most("answers of a comparison per account", max(answered.values()), _LIMIT),
        none_of(
            "counts that went down",
            [p for p in people if answered[p] > compared.get(p, 0)],
            accounts,
        ),
        none_of("right codes accepted afterwards", [e.name for e in last if e.status != _REFUSED]),
        at_least("kills after a counted guess", sum(k.counted > 0 for k in kills), killed),
        _in_the_middle(stage, kills),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


class _Kill(NamedTuple):
    """How far a burst was when its node was killed."""

    counted: int
    """Guesses that the database had counted before."""
    cut: int
    """Guesses that were not answered."""


def _in_the_middle(stage: Stage, kills: Sequence[_Kill]) -> Figure:
    """A short burst may be over before the kill arrives; of the full ones most must not be."""
    what, cut = "of which cut off guesses of their burst", sum(kill.cut > 0 for kill in kills)
    return at_least(what, cut, len(kills) / 2) if stage.scale.is_full else told(f"{what} {cut}")


async def _guesses(
    stage: Stage,
    nodes: list[Node],
    person: str,
    code: str,
    *,
    width: int,
    kills: list[_Kill] | None,
) -> list[Entry]:
    """Guess many times at once; where ``kills`` are noted, over a kill of the first node."""
    guesses = [
        f"{(int(code) + 1 + number) % 10 ** len(code):0{len(code)}}" for number in range(width)
    ]
    lanes = list(itertools.islice(itertools.cycle(nodes), width))
    burst = asyncio.create_task(
        stage.driver.race(
            [(person, guess, node) for guess, node in zip(guesses, lanes, strict=True)]
        )
    )
    if kills is None:
        return await burst
    counted = 0
    while not counted and not burst.done():
        await asyncio.sleep(0.001)
        [(counted,)] = await stage.database.rows(_COUNTED.format(person=person))
    nodes[0].kill()
    entries = await burst
    kills.append(_Kill(int(counted), sum(entry.status == 0 for entry in entries)))
    await nodes[0].start()
    again = [(person, guess, node) for guess, node in zip(guesses[:32], lanes, strict=False)]
    return entries + await stage.driver.race(again)


def _was_compared(entry: Entry) -> bool:
    return entry.status == _REFUSED and entry.reply.get("error_description") == _WRONG


@procedure(
    "R-15",
    "six codes for one person; each is tried first, then the rest",
    bound="the first is refused; each of the others works once and ends the other four",
)
async def six_codes(stage: Stage) -> list[Figure]:
    """The newest five live side by side; one success ends them all."""
    nodes = await crowd_of_nodes(stage)
    first_refused, worked, rest = [], [], []
    for chosen in range(1, 6):
        person = stage.driver.person(f"six-{chosen}")
        codes = []
        for number in range(6):
            await stage.driver.start(person, nodes[number % len(nodes)])
            codes.append(await stage.driver.code_of(person, count=number + 1))
        first_refused.append(await stage.driver.verify(person, codes[0], nodes[-1]))
        worked.append(await stage.driver.verify(person, codes[chosen], nodes[0]))
        others = [code for code in codes[1:] if code != codes[chosen]]
        for number, code in enumerate(others):
            rest.append(await stage.driver.verify(person, code, nodes[number % len(nodes)]))
    return [
        *await stage.ledger_check(),
        none_of("first codes accepted", [e.name for e in first_refused if e.status != _REFUSED], 5),
        none_of("later codes refused", [e.name for e in worked if e.status != OK], 5),
        none_of("codes accepted after the success", [e.name for e in rest if e.status == OK], 20),
        none_of(
            "refusals with other words",
            [e.name for e in rest if e.reply.get("error_description") != _WRONG],
            20,
        ),
    ]
