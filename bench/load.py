"""Virtual users who sign people in, as fast as they are answered or at a rate of their own."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.codes import Codes
from bench.people import People, Person
from bench.wire import Answer, Connection, Request

_PATIENCE = 30.0
"""Longer than a backlog of a few seconds takes a server that cannot follow: then it is slow, and
the figure says so. Only what never comes is an error."""
_ERRORS_SHOWN = 5
_TROUBLE = (TimeoutError, OSError)


class Dialect(Protocol):
    """How a contestant is asked for a code, and answered."""

    def start(self, person: Person) -> Request:
        """Return the request for a code."""

    def is_started(self, answer: Answer) -> bool:
        """Tell whether a code was promised."""

    def verify(self, person: Person, code: str, started: Answer) -> Request:
        """Return the request that carries the code; ``started`` answered the first one."""

    def is_signed_in(self, answer: Answer) -> bool:
        """Tell whether the person is signed in now."""


class LoginFailed(Exception):
    """The server answered something other than expected."""


@dataclass(slots=True)
class Window:
    """What came of one stretch of load; latencies in seconds."""

    logins: int = 0
    seconds: float = 0.0
    requests: list[float] = field(default_factory=list)
    """From when a code was to be asked for until that was answered."""
    handovers: list[float] = field(default_factory=list)
    """From when a code was to be asked for until it was in the sink."""
    verifies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


Journey = Callable[[Connection, float, Window], Awaitable[None]]
"""One person's way, over a connection, begun when it was due."""


class Load:
    """Everybody who signs in at one contestant's."""

    def __init__(
        self, dialect: Dialect, codes: Codes, people: People, ports: Sequence[int]
    ) -> None:
        self._dialect = dialect
        self._codes = codes
        self._people = people
        self._ports = ports
        self._idle: list[Connection] = []
        self._opened = 0
        self.beside = 0
        """Logins outside of every window: what a journey needs before it can begin."""

    async def ready(self, users: int) -> None:
        """Do what so many users need before they begin, and what nobody is to count."""

    async def closed(self, users: int, seconds: float) -> Window:
        """Keep so many users signing in; a login that was begun is finished and counted."""
        window = Window()
        began = time.perf_counter()

        async def user() -> None:
            while time.perf_counter() < began + seconds and not window.errors:
                await self._walk(self.sign_in, time.perf_counter(), window)

        await asyncio.gather(*(user() for _ in range(users)))
        return self._ended(window, began)

    async def open(self, rate: float, seconds: float, journey: Journey | None = None) -> Window:
        """Begin so many journeys a second, whether or not the ones before are finished.

        Latencies count from when a journey was due, so that a server that stands still cannot hide
        it by keeping its users from asking.
        """
        window, journeys = Window(), set[asyncio.Task[None]]()
        began = due = time.perf_counter()
        while (due := due + self._people.chance.expovariate(rate)) < began + seconds:
            await asyncio.sleep(due - time.perf_counter())
            if len(window.errors) >= _ERRORS_SHOWN:
                break
            task = asyncio.create_task(self._walk(journey or self.sign_in, due, window))
            journeys.add(task)
            task.add_done_callback(journeys.discard)
        await asyncio.gather(*journeys)
        return self._ended(window, began)

    async def sign_in(self, connection: Connection, due: float, window: Window) -> None:
        """Ask for a code, wait for it, answer with it."""
        await self.signed_in(connection, due, window)

    async def signed_in(self, connection: Connection, due: float, window: Window) -> Answer:
        """Do that, and return the answer; raise ``LoginFailed``."""
        person = self._people.take()
        try:
            started, code = await self._ask(connection, person, due, window)
            request = self._dialect.verify(person, code, started)
            asked = time.perf_counter()
            answer = await connection.post(request)
            window.verifies.append(time.perf_counter() - asked)
            if not self._dialect.is_signed_in(answer):
                raise LoginFailed(f"{request.path} answered {answer}")
            window.logins += 1
            return answer
        finally:
            self._people.give_back(person)

    async def only_ask(self, connection: Connection, due: float, window: Window) -> None:
        """Ask for a code and wait for it."""
        person = self._people.take_known()
        try:
            await self._ask(connection, person, due, window)
        finally:
            self._people.give_back(person)

    def expected(self, person: Person, due: float, window: Window) -> asyncio.Future[str]:
        """Return the code to come, and note when it came."""
        expected = self._codes.expect(person.address)
        expected.add_done_callback(lambda _: window.handovers.append(time.perf_counter() - due))
        return expected

    async def _ask(
        self, connection: Connection, person: Person, due: float, window: Window
    ) -> tuple[Answer, str]:
        expected = self.expected(person, due, window)
        request = self._dialect.start(person)
        started = await connection.post(request)
        window.requests.append(time.perf_counter() - due)
        if not self._dialect.is_started(started):
            raise LoginFailed(f"{request.path} answered {started}")
        return started, await expected

    async def _walk(self, journey: Journey, due: float, window: Window) -> None:
        connection = self._idle.pop() if self._idle else self._another()
        try:
            async with asyncio.timeout(_PATIENCE):
                await journey(connection, due, window)
        except (LoginFailed, *_TROUBLE) as trouble:
            window.errors.append(repr(trouble))
            connection.close()
        self._idle.append(connection)

    def _another(self) -> Connection:
        self._opened += 1
        return Connection(self._ports[self._opened % len(self._ports)])

    def _ended(self, window: Window, began: float) -> Window:
        window.seconds = time.perf_counter() - began
        # Until the next window a server would lose patience with silent connections.
        while self._idle:
            self._idle.pop().close()
        self._opened = 0
        return window
