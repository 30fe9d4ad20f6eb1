"""A whole house behind a loopback port, whose clock the test moves: for browsers that meet time.

It runs in a thread of its own. Settings change at once; messages are delivered when they are asked
for, into the developer inbox.
"""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from latchstring.base.settings import LimitSettings
from latchstring.base.settings_values import Rate
from latchstring.domain.delivery.senders.inbox import InboxMessage
from tests.support.house import House, a_client_settings, a_house

T = TypeVar("T")
_PATIENCE = 20.0
_PLENTY = Rate(5000, timedelta(hours=1))
_BEHIND = timedelta(hours=2)
"""The clock starts in the past, so that no journey signs a token of the future."""


@dataclass(slots=True, repr=False)
class TimedHouse:
    """The running house, seen from the test's thread."""

    house: House
    url: str
    app: str
    loop: asyncio.AbstractEventLoop

    def set_clock(self) -> None:
        """Go back to the beginning: each test has time of its own."""
        self.house.clock.at = datetime.now(UTC).replace(microsecond=0) - _BEHIND

    def advance(self, seconds: float) -> None:
        """Let time pass on the server; the browser's own clock does not notice."""
        self.house.clock.advance(seconds)

    def change(self, connection: str = "email", **values: Any) -> None:
        """Change a connection's settings, effective at once."""
        self._await(self.house.change(connection, **values))

    def messages(self, recipient: str) -> list[InboxMessage]:
        """Deliver, and return what a recipient has received, newest first."""
        return self._await(self.house.messages(recipient))

    def newest(self, recipient: str) -> InboxMessage:
        """Deliver, and return a recipient's newest message."""
        return self.messages(recipient)[0]

    def code(self, recipient: str) -> str:
        """Deliver, and return a recipient's newest code."""
        return self.newest(recipient).code or ""

    def link(self, recipient: str) -> str:
        """Deliver, and return a recipient's newest link."""
        return self.newest(recipient).link or ""

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_PATIENCE)


@contextmanager
def a_timed_house(folder: Path, app: str) -> Iterator[TimedHouse]:
    """Run a house whose application is at this address."""
    found: list[TimedHouse] = []
    ready = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        servers: list[uvicorn.Server] = []

        async def run() -> None:
            async with a_house(folder, **_settings(folder, url, app)) as house:
                config = uvicorn.Config(house.application, lifespan="off", log_config=None)
                servers.append(uvicorn.Server(config))
                found.append(TimedHouse(house, url, app, asyncio.get_running_loop()))
                ready.set()
                await servers[0].serve(sockets=[listener])

        thread = threading.Thread(target=asyncio.run, args=(run(),))
        thread.start()
        assert ready.wait(_PATIENCE)
        try:
            yield found[0]
        finally:
            servers[0].should_exit = True
            thread.join(_PATIENCE)


def _settings(folder: Path, url: str, app: str) -> dict[str, Any]:
    limits = replace(
        LimitSettings(),
        starts_per_address=_PLENTY,
        wrong_answers_per_address=_PLENTY,
        sms_per_number_block=_PLENTY,
        sms_per_installation=_PLENTY,
    )
    client = a_client_settings(
        callbacks=(f"{app}/callback",),
        logout_urls=(f"{app}/",),
        initiate_login_uri=f"{app}/login",
        web_origins=(app,),
    )
    database = f"sqlite:///{folder / 'latchstring.db'}"
    return {"database_url": database, "public_url": url, "limits": limits, "clients": (client,)}
