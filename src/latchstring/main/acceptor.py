"""Takes connections off a listening socket, at a pace that leaves some to its siblings.

A loop that accepts all there is would leave whole bursts to whichever process wakes first. With
siblings, we take one and give them a moment; with too much to do already, we take a few and let
the rest wait in the kernel, which costs nothing.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from latchstring.base.logging import get_logger
from latchstring.main.crowd import Crowd

_BACKLOG = 2048
_AT_ONCE = 16
_YIELD_SECONDS = 0.001
_FULL_SECONDS = 0.01
_TROUBLE_SECONDS = 0.5
_HANDSHAKE_SECONDS = 10.0

logger = get_logger()


@dataclass(slots=True, eq=False)
class Acceptor:
    """One listening socket; looks like a server of asyncio's to whoever closes it."""

    listener: socket.socket
    protocol: Callable[[], asyncio.Protocol]
    """Makes a connection's protocol, which takes it off ``crowd.arriving`` when it is made."""

    crowd: Crowd
    certificate: ssl.SSLContext | None = None
    has_siblings: bool = False
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    _arriving: set[asyncio.Task[None]] = field(default_factory=set)
    _resting: asyncio.TimerHandle | None = None
    _held: socket.socket | None = None
    """Taken when there was no place any more; the first to get one."""

    _is_open: bool = False

    def open(self) -> None:
        """Begin to take connections."""
        self.listener.listen(_BACKLOG)
        self.listener.settimeout(0)
        self._is_open = True
        self._watch()

    def close(self) -> None:
        """Take no more; who is just arriving still comes in."""
        if not self._is_open:
            return
        self._is_open = False
        if self._resting is None:
            self._loop.remove_reader(self.listener)
        else:
            self._resting.cancel()
        self.listener.close()
        if self._held is not None:
            self._let_in(self._held)

    async def wait_closed(self) -> None:
        """Return when nobody is arriving any more."""
        if self._arriving:
            await asyncio.wait(self._arriving)

    def _watch(self) -> None:
        self._resting = None
        self._loop.add_reader(self.listener, self._take)
        if self._held is not None:
            self._take()

    def _rest(self, seconds: float) -> None:
        self._loop.remove_reader(self.listener)
        self._resting = self._loop.call_later(seconds, self._watch)

    def _take(self) -> None:
        for _ in range(1 if self.has_siblings else _AT_ONCE):
            found = self._held or self._accepted()
            if found is None:
                return
            self._held = None
            if not self.crowd.make_place():
                self._held = found
                self._rest(_FULL_SECONDS)
                return
            self._let_in(found)
        if self.crowd.is_busy:
            self._rest(_FULL_SECONDS)
        elif self.has_siblings:
            self._rest(_YIELD_SECONDS)

    def _accepted(self) -> socket.socket | None:
        try:
            found, _address = self.listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return None  # a sibling was quicker, or the client was gone before it came
        except OSError as error:
            # Out of files or memory: they come back when somebody leaves.
            logger.warning("cannot_accept", error=error.strerror)
            self._rest(_TROUBLE_SECONDS)
            return None
        found.settimeout(0)
        return found

    def _let_in(self, connection: socket.socket) -> None:
        self.crowd.arriving += 1
        task = self._loop.create_task(self._welcome(connection))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _welcome(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self.protocol,
                connection,
                ssl=self.certificate,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if self.certificate else None,
            )
        except (OSError, TimeoutError):
            # A handshake that failed: scanners, clients that distrust us.
            self.crowd.arriving -= 1
            connection.close()
