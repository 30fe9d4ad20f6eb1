"""The people at the other end: they ask for codes, read their messages and answer."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos.configuration import CLIENT_ID, CLIENT_SECRET
from chaos.ledger import OK, START, VERIFY, Entry, Ledger
from chaos.messages import Messages
from chaos.nodes import Node
from chaos.wire import NoAnswer, Request, Wire, post_json, race

START_PATH = "/passwordless/start"
TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
GRANT = "http://auth0.com/oauth/grant-type/passwordless/otp"
CREDENTIALS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
_NOTHING: Mapping[str, str] = {}


def start_request(person: str, more: Mapping[str, str] = _NOTHING) -> Request:
    """Return the request for a code, by mail or, for a number, by text."""
    way = {"connection": "sms", "phone_number": person}
    if not person.startswith("+"):
        way = {"connection": "email", "email": person}
    return post_json(START_PATH, {**CREDENTIALS, **way, "send": "code", **more})


def verify_request(person: str, code: str, more: Mapping[str, str] = _NOTHING) -> Request:
    """Return the request that answers with a code; ``more`` is added, or replaces."""
    realm = "sms" if person.startswith("+") else "email"
    body = {"grant_type": GRANT, "realm": realm, "username": person, "otp": code}
    return post_json(TOKEN_PATH, {**CREDENTIALS, **body, **more})


@dataclass(slots=True, eq=False)
class Driver:
    """Asks the nodes and keeps the ledger."""

    ledger: Ledger
    messages: Messages
    _serials: "itertools.count[int]" = field(default_factory=itertools.count)

    def person(self, label: str) -> str:
        """Return somebody new."""
        return f"{label}-{next(self._serials)}@example.com"

    def number(self) -> str:
        """Return somebody new who has a telephone."""
        return f"+1202555{next(self._serials) % 100 + 100:04}"

    async def ask(self, wire: Wire, entry: Entry, request: Request) -> Entry:
        """Ask, and write down what came of it."""
        try:
            answer = await wire.ask(request)
        except NoAnswer as none:
            return self.ledger.close(entry, none)
        return self.ledger.close(entry, answer)

    async def start(self, person: str, node: Node, more: Mapping[str, str] = _NOTHING) -> Entry:
        """Ask a node to send a code."""
        entry = self.ledger.open(START, person, node=node.name)
        return await self.ask(node.wire, entry, start_request(person, more))

    async def verify(
        self, person: str, code: str, node: Node, *, more: Mapping[str, str] = _NOTHING
    ) -> Entry:
        """Answer with a code; ``more`` is added to the request."""
        entry = self.ledger.open(VERIFY, person, code=code, node=node.name)
        return await self.ask(node.wire, entry, verify_request(person, code, more))

    async def code_of(self, person: str, *, count: int = 1, patience: float = 30.0) -> str:
        """Return the newest code that a person has received, once so many came."""
        message = await self.messages.wait_for(person, count=count, patience=patience)
        return message.code

    async def sign_in(self, person: str, node: Node, other: Node | None = None) -> bool:
        """Go through a whole login, the second half on another node if there is one."""
        before = len({message.id for message in self.messages.of(person)})
        if (await self.start(person, node)).status != OK:
            return False
        try:
            code = await self.code_of(person, count=before + 1)
        except TimeoutError:
            return False  # the ledger knows that a message is missing
        return (await self.verify(person, code, other or node)).status == OK

    async def race(self, answers: Sequence[tuple[str, str, Node]]) -> list[Entry]:
        """Let answers (person, code, node) arrive in the same moment; return their entries."""
        entries = [
            self.ledger.open(VERIFY, person, code=code, node=node.name)
            for person, code, node in answers
        ]
        lanes = [(node.wire, verify_request(person, code)) for person, code, node in answers]
        outcomes = await race(lanes)
        return [
            self.ledger.close(entry, outcome)
            for entry, outcome in zip(entries, outcomes, strict=True)
        ]


async def at_once(clients: int, life: Callable[[int], Awaitable[None]]) -> None:
    """Run so many clients side by side, each by its number; the first trouble ends all."""
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(_ignoring(life(number)))


async def at_rate(
    per_second: float, seconds: float, act: Callable[[int], Awaitable[object]]
) -> None:
    """Do something so often per second, however long each takes (an open loop)."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(max(1, int(per_second * seconds))):
            await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
            group.create_task(_ignoring(act(number)))


async def _ignoring(work: Awaitable[object]) -> None:
    await work
