"""Where the codes go: the least SMTP relay that will do, and a local socket for bare codes.

They live in the process of the virtual users, so their CPU is not the server's.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.codes import Codes

_END_OF_MAIL = b"\r\n.\r\n"
_CODE = re.compile(rb"^(?:Subject: )?(\d{6})\b", re.MULTILINE)
"""At the beginning of the subject, or of a line of the text."""
_RECIPIENT = re.compile(rb"RCPT TO:<([^>]+)>", re.IGNORECASE)
_REPLIES = {
    b"EHLO": b"250-bench\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
_OK = b"250 OK\r\n"


class MailSink(asyncio.Protocol):
    """One connection of a relay that takes every mail and reads the code in it."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._buffer = b""
        self._recipient = b""
        self._in_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 bench\r\n")

    def data_received(self, data: bytes) -> None:
        """Take as many commands and mails as are whole."""
        self._buffer += data
        end = _END_OF_MAIL if self._in_mail else b"\r\n"
        while end in self._buffer:
            piece, _, self._buffer = self._buffer.partition(end)
            self._transport.write(self._mail(piece) if self._in_mail else self._command(piece))
            end = _END_OF_MAIL if self._in_mail else b"\r\n"

    def _command(self, line: bytes) -> bytes:
        found = _RECIPIENT.match(line)
        if found:
            self._recipient = found[1]
        self._in_mail = line[:4].upper() == b"DATA"
        return _REPLIES.get(line[:4].upper(), _OK)

    def _mail(self, mail: bytes) -> bytes:
        self._in_mail = False
        code = _CODE.search(mail)
        self._codes.arrive(self._recipient.decode(), code[1].decode() if code else "")
        return _OK


class CodeSink(asyncio.Protocol):
    """One connection over which a server says ``recipient code``, a line each."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        """Take as many lines as are whole."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            recipient, _, code = line.decode().partition(" ")
            self._codes.arrive(recipient, code)


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where they listen, and what they have received."""

    codes: Codes
    smtp_port: int
    socket: Path


@asynccontextmanager
async def sinks(folder: Path) -> AsyncIterator[Sinks]:
    """Run both: on a free port of the loopback interface, and on a socket in the folder."""
    loop, codes, socket = asyncio.get_running_loop(), Codes(), folder / "codes"
    relay = await loop.create_server(lambda: MailSink(codes), "127.0.0.1", 0)
    listener = await loop.create_unix_server(lambda: CodeSink(codes), str(socket))
    try:
        yield Sinks(codes, int(relay.sockets[0].getsockname()[1]), socket)
    finally:
        relay.close()
        listener.close()
