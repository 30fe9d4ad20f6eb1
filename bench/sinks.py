"""The edges of the server's world: the least SMTP relay and the least SMS gateway that will do.

They live in the process of the virtual users, so their CPU is not the server's.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from bench.codes import Codes

_END_OF_MAIL = b"\r\n.\r\n"
_CODE = re.compile(rb"^Subject: (\d+)", re.MULTILINE)
_RECIPIENT = re.compile(rb"RCPT TO:<([^>]+)>", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_REPLIES = {
    b"EHLO": b"250-bench\r\n250 SMTPUTF8\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
_OK = b"250 OK\r\n"
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class MailSink(asyncio.Protocol):
    """One connection of a relay that takes every mail and reads the code in its subject."""

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


class GatewaySink(asyncio.Protocol):
    """One connection of a gateway that takes every text and reads the code in its last line."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection's other end."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer as soon as a request is whole; nobody sends a second one before."""
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not gap or length is None or len(body) < int(length[1]):
            return
        self._buffer = b""
        text = json.loads(body)
        self._codes.arrive(text["recipient"], text["body"].rpartition("#")[2])
        self._transport.write(_TAKEN)


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where they listen, and what they have received."""

    codes: Codes
    smtp_port: int
    gateway_port: int


@asynccontextmanager
async def sinks() -> AsyncIterator[Sinks]:
    """Run both on free ports of the loopback interface."""
    loop, codes = asyncio.get_running_loop(), Codes()
    relay = await loop.create_server(lambda: MailSink(codes), "127.0.0.1", 0)
    gateway = await loop.create_server(lambda: GatewaySink(codes), "127.0.0.1", 0)
    try:
        yield Sinks(codes, _port(relay), _port(gateway))
    finally:
        relay.close()
        gateway.close()


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])
