"""Leaving politely: first say so, then take no more, then finish what was begun.

A proxy learns from ``/readyz`` that we leave, and needs a moment for it. Until that moment is over
we answer everything that comes, each answer closing its connection; a connection that was closed
under a request would be somebody's failed sign-in.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from latchstring.base.logging import get_logger

Result = TypeVar("Result")

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

logger = get_logger()


class Departure(msgspec.Struct):
    """Whether this process is on its way out, and whether the moment of grace is over."""

    grace: float = 0.0
    """Seconds from the first word to the end of taking requests."""

    _began: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    _until: float = 0.0
    _hurried: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    _first: list[Callable[[], None]] = msgspec.field(default_factory=list)

    @property
    def is_near(self) -> bool:
        """Whether we were told to stop."""
        return self._began.is_set()

    def on_word(self, act: Callable[[], None]) -> None:
        """Act at once when we are told to stop; now if we were."""
        if self.is_near:
            act()
        else:
            self._first.append(act)

    def ask(self) -> None:
        """Begin to leave; asked again, without any grace."""
        if self.is_near:
            self._hurried.set()
            return
        self._until = time.monotonic() + self.grace
        self._began.set()
        logger.info("leaving", seconds=self.grace)
        for act in self._first:
            act()

    async def wait(self) -> None:
        """Return when no more requests are to be taken."""
        await self._began.wait()
        try:
            async with asyncio.timeout(max(0.0, self._until - time.monotonic())):
                await self._hurried.wait()
        except TimeoutError:
            return

    async def unless_told(self, start: Awaitable[Result]) -> Result | None:
        """Return what a start brings; nothing where we are told to stop first: it is cancelled.

        It may wait for another node's migration, or end millions of sessions.
        """
        limit, has_begun = asyncio.timeout(None), False

        def cut_short() -> None:
            if not has_begun:
                limit.reschedule(0.0)

        try:
            async with limit:
                self.on_word(cut_short)
                begun = await start
                has_begun = True
        except TimeoutError:
            if limit.expired():
                return None
            raise
        return begun

    @contextmanager
    def at_signals(self) -> Iterator[None]:
        """Leave at a signal. Afterwards signals are ignored: what remains is short, and clean."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            # Started with nohup, we are to outlive the terminal.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                loop.add_signal_handler(number, self.ask)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)
