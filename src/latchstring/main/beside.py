"""One of several server processes, as the supervisor starts it: ``-m latchstring.main.beside``.

Arguments: the file numbers of the listening socket and of the channel to the supervisor.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator

import msgspec
import structlog
import uvloop

from latchstring.base import logging
from latchstring.base.errors import AppError
from latchstring.base.settings import Settings
from latchstring.main import orders, serving
from latchstring.main.departure import Departure
from latchstring.main.orders import Orders, Word
from latchstring.main.serving import Process
from latchstring.main.tally import Tally

_REPORT_SECONDS = 1.0

logger = logging.get_logger()


def main() -> None:
    """Serve as ordered; say when ready, or why not."""
    listener, channel = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    try:
        found = orders.received(channel)
    except EOFError:
        return  # the supervisor is gone already
    logging.configure(found.settings.log_format, found.settings.log_level)
    structlog.contextvars.bind_contextvars(process=found.number)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_serve(found, listener, channel)))


async def _serve(found: Orders, listener: socket.socket, channel: socket.socket) -> int:
    supervisor = _Supervisor(*await asyncio.open_unix_connection(sock=channel))
    seat = serving.Seat(
        listener=listener,
        number=found.number,
        has_siblings=True,
        on_ready=lambda: supervisor.say(Word(is_ready=True)),
        company=supervisor.company,
    )
    try:
        await serving.serve(found.settings, seat)
    except AppError as error:
        supervisor.say(Word(refusal=str(error)))
        return 1
    finally:
        await supervisor.close()
    return 0


class _Supervisor(msgspec.Struct, frozen=True):
    """Whoever started us, over the channel."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, word: Word) -> None:
        """Say it; nobody is waited for."""
        self.writer.write(word.line())

    async def close(self) -> None:
        """Let what was said arrive."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()

    @contextlib.asynccontextmanager
    async def company(self, _: Settings, process: Process) -> AsyncIterator[None]:
        """Go when the supervisor is gone, and tell it what we count meanwhile."""
        tally = process.meter.tally if process.meter else None
        tasks = [asyncio.create_task(self._follow(process.departure))]
        if tally is not None:
            tasks.append(asyncio.create_task(self._report(tally)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            if tally is not None:
                self._tell(tally)

    async def _follow(self, departure: Departure) -> None:
        # It never says more than its orders; without it nobody could take our place.
        with contextlib.suppress(ConnectionError):
            await self.reader.read()
        departure.ask()

    async def _report(self, tally: Tally) -> None:
        while True:
            await asyncio.sleep(_REPORT_SECONDS)
            # What it has not read yet would only be older.
            if not self.writer.transport.get_write_buffer_size():
                self._tell(tally)

    def _tell(self, tally: Tally) -> None:
        """Tell what we count; out of file numbers we cannot look at ourselves, and do so later."""
        try:
            self.say(Word(numbers=tally.snapshot()))
        except OSError as trouble:
            logger.warning("numbers_not_told", reason=str(trouble))


if __name__ == "__main__":
    main()
