"""Virtual users: each signs people in, one after the other, over its own connection."""

import asyncio
import itertools
import random
import time
from dataclasses import dataclass, field

from bench.codes import Codes
from bench.people import Crowd, Variant
from bench.server import CLIENT_ID, CLIENT_SECRET
from bench.wire import Connection

START = "/passwordless/start"
TOKEN = "/oauth/token"  # noqa: S105 - a path
GRANT = "http://auth0.com/oauth/grant-type/passwordless/otp"
_PATIENCE = 10.0
_ERRORS_SHOWN = 5
_HTTP_OK = 200


@dataclass(slots=True)
class Window:
    """What came of one stretch of load."""

    logins: int = 0
    created: int = 0
    seconds: float = 0.0
    starts: list[float] = field(default_factory=list)
    """How long each start took, in seconds."""
    arrivals: list[float] = field(default_factory=list)
    """From a start's answer to its message in the sink."""
    verifies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class LoginFailed(Exception):
    """The server answered something other than expected."""


class Load:
    """The virtual users of one variant; the people they know stay over all windows."""

    def __init__(self, variant: Variant, codes: Codes, *, port: int, users: int) -> None:
        serials = itertools.count()
        self.variant = variant
        self._codes = codes
        self._crowds = [Crowd(variant, lambda: next(serials)) for _ in range(users)]
        self._connections = [Connection(port) for _ in range(users)]
        self._chance = random.Random(f"latchstring {variant.name}")

    async def run(self, users: int, seconds: float) -> Window:
        """Sign in until the time is over; a login that was begun is finished and counted."""
        window = Window()
        began = time.perf_counter()
        await asyncio.gather(
            *(self._sign_in_until(began + seconds, user, window) for user in range(users))
        )
        window.seconds = time.perf_counter() - began
        # Until the next window the server would lose patience with silent connections.
        for connection in self._connections:
            connection.close()
        return window

    async def _sign_in_until(self, deadline: float, user: int, window: Window) -> None:
        crowd, connection = self._crowds[user], self._connections[user]
        while time.perf_counter() < deadline and len(window.errors) < _ERRORS_SHOWN:
            person, is_new = crowd.next(self._chance)
            try:
                await self._sign_in(connection, person, window)
            except (LoginFailed, TimeoutError, OSError, asyncio.IncompleteReadError) as trouble:
                window.errors.append(f"{self.variant.name} {person}: {trouble!r}")
                connection.close()
                continue
            window.logins += 1
            if is_new:
                window.created += 1
                crowd.known.append(person)

    async def _sign_in(self, connection: Connection, person: str, window: Window) -> None:
        variant, credentials = self.variant, _CREDENTIALS
        expected = self._codes.expect(person)
        asked = time.perf_counter()
        status, _ = await connection.post(
            START,
            {
                **credentials,
                "connection": variant.connection,
                variant.field: person,
                "send": "code",
            },
        )
        started = time.perf_counter()
        if status != _HTTP_OK:
            raise LoginFailed(f"{START} answered {status}")
        code = await asyncio.wait_for(expected, _PATIENCE)
        arrived = time.perf_counter()
        status, tokens = await connection.post(
            TOKEN,
            {
                **credentials,
                "grant_type": GRANT,
                "realm": variant.connection,
                "username": person,
                "otp": code,
                "scope": variant.scope,
            },
        )
        verified = time.perf_counter()
        if status != _HTTP_OK:
            raise LoginFailed(f"{TOKEN} answered {status}")
        if "access_token" not in tokens or ("id_token" in tokens) != variant.has_id_token:
            raise LoginFailed(f"{TOKEN} answered with {sorted(tokens)}")
        window.starts.append(started - asked)
        window.arrivals.append(max(0.0, arrived - started))
        window.verifies.append(verified - arrived)


_CREDENTIALS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
