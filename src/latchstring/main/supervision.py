"""Keeps several server processes alive on one listening socket, and serves nobody itself.

Each is a fresh interpreter, not a fork: it shares the socket with its siblings and nothing else, no
random state, no last id, no connection. The first one goes ahead, because it may have to bring the
schema up to date; the others follow when it serves. Whoever crashes is started again; connections
that wait in the kernel lose nothing by it, because the socket stays open here.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec

from latchstring.base.errors import Unavailable
from latchstring.base.logging import get_logger
from latchstring.base.settings import Settings
from latchstring.main import orders
from latchstring.main.books import Books
from latchstring.main.departure import SIGNALS
from latchstring.main.ground import bound, check_certificate
from latchstring.main.metrics_listener import showing
from latchstring.main.orders import Orders, Word

Result = TypeVar("Result")

_AT_ONCE = 0.1
"""How long to wait before a process that had served is started again."""

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
"""And one that ended before it served, or as good as: twice as long each time."""

_SERVED_SECONDS = 1.0
_FINISH_SECONDS = 60.0
"""More than requests under way and messages being sent are given, after the drain."""

_GONE_WITHIN = 1.0

_NO_ROOM = (OSError, RuntimeError)
"""For one more process, file, or thread that waits for a process; possibly over soon."""

logger = get_logger()


class _Member(msgspec.Struct, frozen=True):
    """One running server process."""

    process: Process
    channel: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def word(self) -> Word | None:
        """Return what it has to say, or nothing when it ended."""
        try:
            return Word.read(await self.channel.readline())
        except ConnectionError:  # it did not even hear its orders
            return None

    async def begun(self) -> Word | None:
        """Return its word that it serves or cannot, or nothing when it ended without one."""
        while (word := await self.word()) and not word.is_ready and not word.refusal:
            pass
        return word

    async def ended(self, number: int, books: Books) -> int:
        """Write down what it counts until it ends; return the exit code."""
        while word := await self.word():
            if word.numbers:
                books.note(number, word.numbers)
        code = await self.process.wait()
        books.close(number)
        self.writer.close()
        return code

    def send(self, number: int) -> None:
        """Send a signal, if there is anybody to receive it."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


class _Ended(msgspec.Struct, frozen=True):
    """How a process ended."""

    code: int | None = None
    """Nothing where it could not even be started."""

    served: float | None = None
    """For how many seconds; nothing where it never did."""


class Supervisor(msgspec.Struct, eq=False):
    """Runs ``settings.workers`` processes until it is told to stop."""

    settings: Settings
    listener: socket.socket
    books: Books = msgspec.field(default_factory=Books)
    _members: dict[int, _Member] = msgspec.field(default_factory=dict)
    _told: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    _until: float = 0.0
    """When whoever is still here is killed, once we are told to stop."""

    _codes: list[int] = msgspec.field(default_factory=list)

    async def run(self) -> None:
        """Serve; raise ``Unavailable`` where the first process cannot, or one ended badly."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                loop.add_signal_handler(number, self._tell, number)
        try:
            first = await self._start(0)
        except _NO_ROOM as trouble:
            raise Unavailable(f"A server process cannot be started: {trouble}.") from trouble
        word = await self._in_time(first, first.begun())
        if word is None or word.refusal:
            code = await self._in_time(first, first.ended(0, self.books))
            if self._told.is_set():
                return
            raise Unavailable(
                word.refusal if word else f"The server process ended at its start, with {code}."
            )
        self._note_ready(0)
        keeping = [self._keep(number) for number in range(1, self.settings.workers)]
        await asyncio.gather(self._keep(0, first), *keeping)
        if any(self._codes):
            raise Unavailable(f"Server processes ended with {sorted(set(self._codes))}.")

    async def _keep(self, number: int, member: _Member | None = None) -> None:
        """Start a process again whenever it ends, until we are told to stop."""
        wait = _FIRST_WAIT
        while member or not self._told.is_set():
            ended = await self._one(number, member)
            member = None
            if self._told.is_set():
                # Told before it could listen to signals, a process ends by the signal itself.
                self._codes.append(0 if ended.served is None else ended.code or 0)
                return
            if ended.served is not None and ended.served >= _SERVED_SECONDS:
                pause, wait = _AT_ONCE, _FIRST_WAIT
            else:
                pause, wait = wait, min(wait * 2, _LONGEST_WAIT)
            logger.error("process_ended", process=number, code=ended.code, again_in=pause)
            self.books.own.count("restarts")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._told.wait()

    async def _one(self, number: int, member: _Member | None) -> _Ended:
        """Start a process, unless it serves already, and return when it has ended."""
        since = time.monotonic() if member else None
        if member is None:
            try:
                member = await self._start(number)
            except _NO_ROOM as trouble:
                reason = str(trouble)
                logger.error("process_not_started", process=number, reason=reason)  # noqa: TRY400 - no fault of ours
                return _Ended()
            if (word := await self._in_time(member, member.begun())) and word.is_ready:
                since = time.monotonic()
                self._note_ready(number)
            elif word:
                logger.error("process_refused", process=number, reason=word.refusal)
        code = await self._in_time(member, member.ended(number, self.books))
        return _Ended(code, None if since is None else time.monotonic() - since)

    def _note_ready(self, number: int) -> None:
        logger.info("process_ready", process=number, pid=self._members[number].process.pid)

    async def _start(self, number: int) -> _Member:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await self._spawn(theirs)
            reader, writer = await asyncio.open_unix_connection(
                sock=ours, limit=orders.LONGEST_WORD
            )
        except BaseException:
            ours.close()
            raise
        writer.write(orders.written(Orders(self.settings, number)))
        member = self._members[number] = _Member(process, reader, writer)
        if self._told.is_set():
            member.send(signal.SIGTERM)
        return member

    async def _spawn(self, channel: socket.socket) -> Process:
        numbers = (self.listener.fileno(), channel.fileno())
        return await asyncio.create_subprocess_exec(
            # -P: no module out of whatever folder we happen to be started in.
            *(sys.executable, "-P", "-m", "latchstring.main.beside", *map(str, numbers)),
            pass_fds=numbers,
            stdin=asyncio.subprocess.DEVNULL,
            # A Ctrl-C at the terminal is for us, who pass it on; twice would mean: hurry.
            process_group=0,
        )

    def _tell(self, number: int) -> None:
        """Pass a signal on; what was told to stop is not started again."""
        if not self._told.is_set():
            self._told.set()
            self._until = time.monotonic() + self.settings.drain + _FINISH_SECONDS
            # With the last process that stops listening nobody is let in any more.
            self.listener.close()
        for member in self._members.values():
            member.send(number)

    async def _in_time(self, member: _Member, what: Coroutine[Any, Any, Result]) -> Result:
        """Wait for something of a process; told to stop, it has so long before it is killed."""
        waiting = asyncio.ensure_future(what)
        told = asyncio.ensure_future(self._told.wait())
        await asyncio.wait((waiting, told), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not waiting.done():
            # Who was killed while it began needs a moment to be gone.
            left = max(_GONE_WITHIN, self._until - time.monotonic())
            await asyncio.wait((waiting,), timeout=left)
            if not waiting.done():
                logger.error("process_killed", pid=member.process.pid)
                member.send(signal.SIGKILL)
        return await waiting


async def supervise(settings: Settings) -> None:
    """Serve with several processes until a signal says stop."""
    check_certificate(settings)
    supervisor = Supervisor(settings, bound(settings))
    async with showing(settings, supervisor.books.read):
        await supervisor.run()
