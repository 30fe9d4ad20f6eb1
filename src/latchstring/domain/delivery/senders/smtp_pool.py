"""Connections to one relay: opened as the configuration demands, kept while they are useful."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from latchstring.domain.delivery.senders import SendError
from latchstring.domain.delivery.senders.smtp_line import SmtpLine
from latchstring.domain.delivery.senders.smtp_url import SmtpServer

IDLE_SECONDS = 20.0
"""Relays give up on a silent client after a minute or more; we are gone before."""
MOST_MAILS = 100
"""Mails over one connection; many relays count and hang up."""
CALM_SECONDS = 1.0
"""After a failed attempt to connect, how long others take its word for it."""
_GOODBYE_SECONDS = 2.0


@dataclass(slots=True, eq=False)
class SmtpPool:
    """At most so many connections at once, the most recently used first."""

    server: SmtpServer
    hello: str
    """The name we greet the relay with."""
    most: int = 48
    idle_seconds: float = IDLE_SECONDS
    _idle: list[tuple[float, SmtpLine]] = field(default_factory=list)
    """With the time since when; who has waited longest stands first."""
    _places: asyncio.Semaphore = field(init=False)
    _reaper: asyncio.Task[None] | None = None
    _trouble: tuple[float, str] | None = None

    def __post_init__(self) -> None:
        """Make the places."""
        self._places = asyncio.Semaphore(self.most)

    def place(self) -> AbstractAsyncContextManager[None]:
        """Wait for the right to use one connection."""
        return self._places

    def take_idle(self) -> SmtpLine | None:
        """Return a kept connection that looks alive."""
        while self._idle:
            _, line = self._idle.pop()
            if line.is_open:
                return line
        return None

    def keep(self, line: SmtpLine) -> None:
        """Take a connection back that is ready for the next mail."""
        line.mails += 1
        if line.mails >= MOST_MAILS:
            line.end()
        if not line.is_open:
            return
        self._idle.append((time.monotonic(), line))
        if self._reaper is None or self._reaper.done():
            self._reaper = asyncio.create_task(self._reap())

    async def open(self, seconds: float) -> SmtpLine:
        """Return a connection that may carry mail: greeted, private as demanded, signed in.

        Whatever goes wrong here is ``SendError`` and never permanent: it is no word about a mail.
        """
        if self._trouble and time.monotonic() < self._trouble[0]:
            raise SendError(self._trouble[1], permanent=False)
        # With the first mail, and not before: it brings the client library along.
        from latchstring.domain.delivery.senders.smtp_greeting import greeted  # noqa: PLC0415 - as said

        try:
            async with asyncio.timeout(seconds):
                line = await greeted(self.server, self.hello, seconds)
        except TimeoutError:
            raise self._troubled("the relay took too long to greet us") from None
        except SendError as trouble:
            raise self._troubled(trouble.reason) from trouble
        self._trouble = None
        return line

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        if self._reaper is not None:
            self._reaper.cancel()
            await asyncio.wait([self._reaper])
            self._reaper = None
        leaving, self._idle = self._idle, []
        await asyncio.gather(*(line.leave(_GOODBYE_SECONDS) for _, line in leaving))

    def _troubled(self, reason: str) -> SendError:
        self._trouble = (time.monotonic() + CALM_SECONDS, reason)
        return SendError(reason, permanent=False)

    async def _reap(self) -> None:
        """Part from connections that have been silent for too long, until none is left."""
        while self._idle:
            wait = self._idle[0][0] + self.idle_seconds - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
                continue
            _, line = self._idle.pop(0)
            await line.leave(_GOODBYE_SECONDS)
