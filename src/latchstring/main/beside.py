"""One of several server processes, as the supervisor starts it: ``-m latchstring.main.beside``.

Arguments: the file numbers of the listening socket and of the channel to the supervisor.
"""

import asyncio
import contextlib
import socket
import sys

import structlog
import uvloop

from latchstring.base import logging
from latchstring.base.errors import AppError
from latchstring.main import orders, serving
from latchstring.main.orders import Orders, Word


def main() -> None:
    """Serve as ordered; say when ready, or why not."""
    listener, channel = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    try:
        found = orders.received(channel)
    except EOFError:
        return  # the supervisor is gone already
    logging.configure(found.settings.log_format, found.settings.log_level)
    structlog.contextvars.bind_contextvars(process=found.number)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(found, listener, channel))
    except AppError as error:
        _say(channel, Word(refusal=str(error)))
        sys.exit(1)


async def _serve(found: Orders, listener: socket.socket, channel: socket.socket) -> None:
    seat = serving.Seat(
        listener=listener,
        number=found.number,
        has_siblings=True,
        on_ready=lambda: _say(channel, Word()),
        supervisor=channel,
    )
    await serving.serve(found.settings, seat)


def _say(channel: socket.socket, word: Word) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        channel.sendall(word.line())


if __name__ == "__main__":
    main()
