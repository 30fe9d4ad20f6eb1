"""One statement does what the steps do: the same answers, and the same in every row."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from latchstring.base.errors import Unavailable
from latchstring.base.settings import Rate
from latchstring.db import database
from latchstring.db.postgresql import PostgresqlDatabase
from tests.support.places import PLAIN, POSTGRESQL, Place, being_at
from tests.support.world import Outcome, World, a_world

pytestmark = pytest.mark.at(POSTGRESQL)

ALICE, BOB, CAROL, DAVE, ERIN = (
    f"{name}@example.com" for name in ("alice", "bob", "carol", "dave", "erin")
)
TEXTED, NEIGHBOR = "+14155550100", "+14155550101"
WRONG = "00000"
LIMITS: dict[str, Any] = {
    "starts_per_address": Rate(6, timedelta(hours=1)),
    "sms_per_number_block": Rate(3, timedelta(hours=1)),
}

TABLES = {
    "challenges": "created_at, sequence",
    "messages": "created_at",
    "users": "created_at",
    "identifiers": "created_at",
    "wrong_answers": "hour_at, identifier_digest, browser",
    "limits": "key_digest, name",
    "access_tokens": "created_at",
    "events": "happened_at, type",
}
"""What a sign-in writes, in an order that does not depend on chance."""

DRAWN = {"id", "challenge_id", "user_id", "code_digest", "token_digest"}
"""Columns whose values are drawn; which of them are the same is not."""


@pytest.fixture
async def worlds(tmp_path, place) -> AsyncIterator[list[World]]:
    """Return a world whose sign-ins are single statements, and one where they are steps."""
    with being_at(Place(PLAIN, place.server)):
        async with a_world(tmp_path / "steps", **LIMITS) as steps:
            with being_at(Place(POSTGRESQL, place.server)):
                async with a_world(tmp_path / "whole", **LIMITS) as whole:
                    yield [whole, steps]


@dataclass
class Story:
    """What people do, one second after the other, and what they are told."""

    world: World
    told: list[Outcome] = field(default_factory=list)

    async def start(
        self, person: str, client: str = "acme-web", send: str = "code", *, at_once: bool = True
    ) -> str:
        """Ask for a message; return its code, if it is delivered at once and has one."""
        self.world.clock.advance(1)
        how: dict[str, Any] = {"address": "192.0.2.1", "browser": None, "starts": 0}
        outcome, _ = await self.world.start(person, client, send=send, **how)
        self.told.append(outcome)
        return await self.read() if at_once else ""

    async def read(self) -> str:
        """Deliver what is due; return the code in it, if there is one."""
        messages = await self.world.delivered()
        self.told.append(("delivered", len(messages)))
        return messages[0][1] if messages else ""

    async def enter(self, text: str, person: str = ALICE, client: str = "acme-web") -> None:
        """Type a code at the API."""
        self.world.clock.advance(1)
        self.told.append(await self.world.enter(text, person, client))


async def people_come_and_go(story: Story) -> None:
    first = await story.start(ALICE)
    for text in (WRONG, first, first):
        await story.enter(text)
    await story.enter(await story.start(ALICE, send="both"))
    await story.start(ALICE, send="link")


async def applications_have_codes_of_their_own(story: Story) -> None:
    code = await story.start(BOB, "acme-spa")
    await story.enter(code, BOB, "acme-web")
    await story.enter(code, BOB, "acme-spa")
    await story.start(BOB, "acme-spa", send="both")
    trusted = await story.start(BOB)
    await story.enter(trusted, BOB)


async def older_codes_retire(story: Story) -> None:
    codes = [await story.start(CAROL) for _ in range(7)]
    for code in (codes[0], codes[1], codes[6], codes[5]):
        await story.enter(code, CAROL)
    few = await story.start(CAROL)
    await story.world.connections.change("email", {"live": 1})
    await story.start(CAROL)
    await story.enter(few, CAROL)


async def limits_are_met(story: Story) -> None:
    for _ in range(12):
        await story.start(DAVE)
    for _ in range(8):
        await story.start(ERIN, "acme-spa")
    for number in range(5):
        await story.start(f"+1415555010{number}")
    await story.start("+33639980001")
    story.world.clock.advance(3600)
    await story.enter(await story.start(DAVE), DAVE)
    await story.enter(await story.start(TEXTED), TEXTED)
    await story.enter(await story.start(NEIGHBOR, "acme-spa"), NEIGHBOR, "acme-spa")


async def what_was_not_sent_yet_is_taken_back(story: Story) -> None:
    code = await story.start(ALICE)
    await story.start(ALICE, at_once=False)
    await story.start(ALICE, send="both", at_once=False)
    await story.start(BOB, at_once=False)
    await story.enter(code)
    await story.read()


async def tries_and_time_run_out(story: Story) -> None:
    late = await story.start(ALICE)
    story.world.clock.advance(600)
    await story.enter(late)
    burned = await story.start(ALICE)
    for text in (WRONG, late, WRONG, WRONG, burned):
        await story.enter(text)
    await story.enter(WRONG, ERIN)
    await story.enter("", ERIN)


async def the_budget_is_used_up(story: Story) -> None:
    for _ in range(5):
        await story.start(ALICE)
        for _ in range(2):
            await story.enter(WRONG)
    short = await story.start(BOB)
    for _ in range(2):
        long = await story.start(ALICE)
        await story.enter(WRONG)
        await story.enter(long)
    await story.enter(short, BOB)


async def some_are_not_let_in(story: Story) -> None:
    await story.enter(await story.start(BOB), BOB)
    await story.world.users.block(BOB)
    await story.start(BOB)
    await story.enter(WRONG, BOB)
    before = await story.start(CAROL)
    await story.world.connections.change("email", {"sign_up": False})
    await story.start(CAROL)
    await story.enter(before, CAROL)
    await story.enter(WRONG, CAROL)
    await story.world.users.unblock(BOB)
    await story.enter(await story.start(BOB), BOB)


STORIES = [
    people_come_and_go,
    applications_have_codes_of_their_own,
    older_codes_retire,
    limits_are_met,
    what_was_not_sent_yet_is_taken_back,
    tries_and_time_run_out,
    the_budget_is_used_up,
    some_are_not_let_in,
]


@pytest.mark.parametrize("tell", STORIES, ids=lambda story: story.__name__)
async def test_the_answers_and_the_rows_are_those_of_the_steps(worlds, tell):
    told, kept = [], []
    for world in worlds:
        story = Story(world)
        await tell(story)
        told.append(story.told)
        kept.append(await everything(world.installation.settings.database_url))

    assert told[0] == told[1]
    for table in TABLES:
        assert kept[0][table] == kept[1][table], table
    assert kept[0]["challenges"]
    assert kept[0]["events"]


async def everything(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row, with a name for each value that was drawn."""
    names: dict[str, str] = {}
    connection = await asyncpg.connect(url)
    try:
        found = {
            table: [dict(row) for row in await connection.fetch(f"select * from {table} {order}")]  # noqa: S608 - our own names
            for table, order in ((table, f"order by {order}") for table, order in TABLES.items())
        }
    finally:
        await connection.close()
    for table, rows in found.items():
        for number, row in enumerate(rows):
            for column in DRAWN & row.keys():
                if row[column] is not None:
                    row[column] = names.setdefault(row[column], f"{table} {number} {column}")
            for column in ("details", "inputs"):
                if column in row:
                    row[column] = named(json.loads(row[column]), names)
    return found


def named(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: named(inner, names) for key, inner in value.items()}
    return names.get(value, value) if isinstance(value, str) else value


async def test_a_plain_sign_in_needs_no_transaction_of_several_statements(worlds, monkeypatch):
    whole, _ = worlds

    async def refuse(*_):
        raise AssertionError("step by step")

    monkeypatch.setattr(PostgresqlDatabase, "transact", refuse)
    how: dict[str, Any] = {"address": "192.0.2.1", "browser": None, "starts": 0}
    for person, client in ((ALICE, "acme-web"), (ALICE, "acme-spa"), (TEXTED, "acme-web")):
        if person == TEXTED:
            monkeypatch.undo()  # the installation's texts are leased
        outcome, _ = await whole.start(person, client, send="code", **how)
        assert outcome == ("started", 6)
    monkeypatch.undo()
    codes = {recipient: code for recipient, code, _ in await whole.delivered()}
    monkeypatch.setattr(PostgresqlDatabase, "transact", refuse)
    assert await whole.enter(WRONG, TEXTED) == ("wrong", 2)
    assert await whole.enter(codes[TEXTED], TEXTED) == ("accepted", True)
    assert await whole.enter(WRONG) == ("wrong", 2)


async def test_what_was_slow_in_one_statement_is_not_begun_again_step_by_step(worlds, monkeypatch):
    whole, _ = worlds
    monkeypatch.setattr(database, "ANOTHER_WAIT_SECONDS", -1)
    how: dict[str, Any] = {"address": "192.0.2.1", "browser": None, "starts": 0}

    outcome, _ = await whole.start(ALICE, "acme-web", send="code", **how)
    assert outcome == ("started", 6)
    with pytest.raises(Unavailable):  # where nothing waits, the steps say what is wrong
        await whole.enter(WRONG, BOB)
    with pytest.raises(Unavailable):
        await whole.start(TEXTED, "acme-web", send="code", **how)
    for _ in range(9):
        await whole.start(ALICE, "acme-web", send="code", **how)
    outcome, _ = await whole.start(ALICE, "acme-web", send="code", **how)
    assert outcome[:2] == ("limit", "starts_per_identifier")  # told, though it was not noted
