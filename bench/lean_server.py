"""``latchstring serve`` whose messages are bare codes, handed to a local socket.

``python -m bench.lean_server SOCKET CONFIGURATION``. Everything else is the product as it is:
limits, attempt counting, audit, outbox. What is left out is what better-auth's run leaves out too:
the rendering of a mail, and SMTP; and the command line, which is not read.
"""

# ruff: noqa: E402 - `serve`, too, puts garbage off before it imports the rest

from latchstring.main import garbage

garbage.put_off()

import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from latchstring.base import logging
from latchstring.base.settings import Settings
from latchstring.base.settings_loading import load
from latchstring.domain.delivery.message import Message
from latchstring.domain.delivery.parcel import Sms
from latchstring.domain.delivery.render import Letterhead, Secrets
from latchstring.domain.delivery.senders import Handed, Senders
from latchstring.domain.delivery.templates import Templates
from latchstring.main import delivery, serving


@dataclass(frozen=True, slots=True)
class CodeOnly:
    """Renders nothing but the code."""

    secrets: Secrets
    letterhead: Letterhead
    templates: Templates

    def render(self, message: Message) -> Sms:
        """Return the recipient and the code."""
        length = message.inputs["code_length"]
        code = self.secrets.code(message.challenge_id, length, key_version=message.key_version)
        return Sms(recipient=message.recipient, sender="", body=code, code=code)


@dataclass(slots=True)
class SocketSender:
    """Writes ``recipient code`` to the socket, a line each."""

    path: Path
    _writer: asyncio.StreamWriter | None = field(default=None)

    async def send(self, parcel: Sms) -> Handed:
        """Hand it over."""
        if self._writer is None:
            _, self._writer = await asyncio.open_unix_connection(str(self.path))
        self._writer.write(f"{parcel.recipient} {parcel.body}\n".encode())
        return Handed("OK")

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()


def main() -> None:
    """Serve until told to stop."""
    socket, configuration = map(Path, sys.argv[1:])
    settings = load(str(configuration)).settings
    # The product has no such sender. These two names are all that is other than in `serve`.
    delivery.Renderer = CodeOnly  # type: ignore[attr-defined, assignment]
    delivery.configured_senders = lambda settings: _senders(settings, socket)
    logging.configure(settings.log_format, settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


def _senders(_settings: Settings, socket: Path) -> Senders:
    return Senders(email=None, sms=SocketSender(socket))


async def _serve(settings: Settings) -> None:
    await serving.serve(settings)


if __name__ == "__main__":
    main()
