"""R-16: a client that does not know what became of a start asks again, under the same key."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace

from chaos.driver import start_request
from chaos.edges.proxy import Faults
from chaos.figures import Figure, at_least, exactly, none_of, told
from chaos.ledger import OK, START, duplicates
from chaos.nodes import Node
from chaos.procedures.races import crowd_of_nodes
from chaos.registry import procedure
from chaos.stage import Stage
from chaos.wire import Answer, NoAnswer, Request, Wire, race

_AT_ONCE = 10
_COMMITTED = "select count(*) from messages where recipient = '{person}'"
_ANSWER_DELAY = 0.4
"""Seconds that the answer is on its way: time to see that its start is committed, and to cut it."""


@procedure(
    "R-16",
    "10 parallel starts with one Idempotency-Key, over two nodes, 100 times; 20 starts whose "
    "answer is cut off after the commit, each repeated with its key",
    bound="exactly 1 message per key; equal answers, all 200",
    on_sqlite="10 parallel starts with one Idempotency-Key, 100 times; 20 starts whose answer is "
    "cut off after the commit, each repeated with its key",
)
async def repeated_starts(stage: Stage) -> list[Figure]:
    """However often a start is asked for under one key, and wherever: it happens once."""
    nodes = await crowd_of_nodes(stage)
    crowds = stage.scale.pick(short=3, full=100)
    cuts = stage.scale.pick(short=2, full=20)
    together = {
        person: await _all_at_once(stage, nodes, person)
        for person in [stage.driver.person("at-once") for _ in range(crowds)]
    }
    port = await stage.edges.proxy("answers", nodes[0].port)
    again: dict[str, list[Answer | NoAnswer]] = {}
    unanswered = 0
    for _ in range(cuts):
        person = stage.driver.person("cut")
        unanswered += await _cut_off(stage, port, person)
        again[person] = await _repeated(stage, nodes, person)
    await stage.settled()
    await stage.delivered(30)
    await asyncio.sleep(0.2)
    stage.messages.refresh()
    answers = together | again
    ids = {person: {m.id for m in stage.messages.of(person)} for person in answers}
    return [
        *await stage.ledger_check(),
        none_of(
            "keys without exactly one message",
            [person for person, found in ids.items() if len(found) != 1],
            len(answers),
        ),
        exactly("messages", len(stage.messages.all), len(answers)),
        none_of("copies", duplicates(stage.messages)),
        at_least("answers cut off after the commit", unanswered, cuts),
        none_of(
            "answers other than 200",
            [_told(answer) for each in answers.values() for answer in each if not _is_ok(answer)],
            sum(map(len, answers.values())),
        ),
        none_of(
            "keys with different answers",
            [person for person, each in answers.items() if len(set(map(_told, each))) != 1],
            len(answers),
        ),
        told(f"{len(nodes)} node(s); refresh tokens are not built yet: their half waits"),
    ]


def _is_ok(answer: Answer | NoAnswer) -> bool:
    return isinstance(answer, Answer) and answer.status == OK


def _told(answer: Answer | NoAnswer) -> str:
    """Return what the client heard."""
    if isinstance(answer, NoAnswer):
        return str(answer)
    return f"{answer.status} {answer.body.decode()}"


def _keyed(person: str) -> Request:
    """Return the request for a code under the person's one key."""
    request = start_request(person)
    return replace(request, headers={**request.headers, "Idempotency-Key": f"key of {person}"})


async def _all_at_once(stage: Stage, nodes: Sequence[Node], person: str) -> list[Answer | NoAnswer]:
    """Let the same start arrive ten times in one moment; the ledger knows of one."""
    entry = stage.ledger.open(START, person, node=nodes[0].name)
    lanes = itertools.islice(itertools.cycle(nodes), _AT_ONCE)
    answers = await race([(node.wire, _keyed(person)) for node in lanes])
    stage.ledger.close(entry, answers[0])
    return answers


async def _cut_off(stage: Stage, port: int, person: str) -> bool:
    """Ask through bad network, cut it once the start is committed; return whether it was."""
    await stage.edges.network("answers", Faults(delay=_ANSWER_DELAY))
    wire = Wire(port)
    asking = asyncio.create_task(wire.ask(_keyed(person)))
    committed = False
    while not committed and not asking.done():
        [(count,)] = await stage.database.rows(_COMMITTED.format(person=person))
        committed = bool(count)
        await asyncio.sleep(0.005)
    await stage.edges.reset("answers")
    try:
        await asking
    except NoAnswer:
        return committed
    finally:
        wire.close()
        await stage.edges.network("answers")
    return False


async def _repeated(stage: Stage, nodes: Sequence[Node], person: str) -> list[Answer | NoAnswer]:
    """Ask again, at each node twice."""
    entry = stage.ledger.open(START, person, node=nodes[0].name)
    answers: list[Answer | NoAnswer] = []
    for node in (*nodes, *nodes):
        try:
            answers.append(await node.wire.ask(_keyed(person)))
        except NoAnswer as none:
            answers.append(none)
    stage.ledger.close(entry, answers[0])
    return answers
