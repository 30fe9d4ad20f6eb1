"""R-16: a client that does not know what became of its request asks again.

A start is repeated under its key; a refresh token within its grace, and then after it.
"""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace

from chaos.cutting import cut_off
from chaos.driver import start_request
from chaos.figures import Figure, at_least, exactly, none_of, told
from chaos.ledger import OK, START, duplicates
from chaos.lost_refreshes import repeated_refreshes
from chaos.nodes import Node
from chaos.procedures.races import crowd_of_nodes
from chaos.registry import procedure
from chaos.stage import Stage
from chaos.wire import Answer, NoAnswer, Request, race

_AT_ONCE = 10
_COMMITTED = "select count(*) from messages where recipient = '{person}'"


@procedure(
    "R-16",
    "10 parallel starts with one Idempotency-Key, over two nodes, 100 times; 20 starts whose "
    "answer is cut off after the commit, each repeated with its key; 20 refreshes cut off so, each "
    "repeated at every node within the grace of 10 s, and every other one once more after it",
    bound="exactly 1 message per key; equal answers, all 200; within the grace every answer brings "
    "the same next refresh token, and none counts as reuse; after it the whole family ends",
    on_sqlite="10 parallel starts with one Idempotency-Key, 100 times; 20 starts whose answer is "
    "cut off after the commit, each repeated with its key; 20 refreshes cut off so, each repeated "
    "within the grace of 10 s, and every other one once more after it",
)
async def repeated_requests(stage: Stage) -> list[Figure]:
    """However often something is asked for once more, and wherever: it happens once."""
    nodes = await crowd_of_nodes(stage)
    starts = await _repeated_starts(stage, nodes)
    refreshes = await repeated_refreshes(stage, nodes)
    return [
        *await stage.ledger_check(),
        *starts,
        *refreshes,
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
        told(f"{len(nodes)} node(s)"),
    ]


async def _repeated_starts(stage: Stage, nodes: Sequence[Node]) -> list[Figure]:
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
        committed = _COMMITTED.format(person=person)
        unanswered += await cut_off(
            stage, "answers", port, asked=_keyed(person), committed=committed
        )
        again[person] = await _repeated(stage, nodes, person)
    await stage.settled()
    await stage.delivered(30)
    await asyncio.sleep(0.2)
    stage.messages.refresh()
    answers = together | again
    ids = {person: {m.id for m in stage.messages.of(person)} for person in answers}
    return [
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
