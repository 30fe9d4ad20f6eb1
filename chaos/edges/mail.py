"""A mail relay that keeps what it takes, and misbehaves as it is told."""

import asyncio
import hashlib
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from chaos.edges.record import Record
from chaos.edges.rules import GREETING, RECIPIENT, SIGN_IN, TAKEN, Rule, Rules

_CODE = re.compile(r"^\s*(\d{6,12})\s*$", re.MULTILINE)
_LINK = re.compile(r"https?://\S+/l/([\w-]{43})")
_ADDRESS = re.compile(rb"<([^>]*)>")
_MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)\r$", re.MULTILINE)
_TEXT_PART = re.compile(
    rb"\r\n\r\n--\S+\r\nContent-Type: text/plain; charset=utf-8\r\n"
    rb"Content-Transfer-Encoding: 7bit\r\n\r\n(.*?)\r\n--",
    re.DOTALL,
)
_LARGEST = 1 << 20
_OFFERS = "250-edge\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250 SMTPUTF8"
_BEGINNINGS = {b"MAIL", b"RSET"}
"""Commands after which no recipient is named yet."""


class _HungUp(Exception):
    """The rule says to close."""


@dataclass(slots=True, eq=False)
class MailRelay:
    """Speaks enough SMTP for one client, as production relays do; one coroutine per connection."""

    record: Record
    rules: Rules = field(default_factory=Rules)
    context: ssl.SSLContext | None = None
    port: int = 0
    sessions: int = 0
    """Connections that are open now."""
    longest_drip: float = 0.0
    """Seconds that the most patient client has borne an answer in drips."""
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def listen(self) -> None:
        """Take connections, on the same port each time."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port, limit=_LARGEST, ssl=self.context, backlog=512
            )
            self.port = int(self._server.sockets[0].getsockname()[1])

    async def refuse(self) -> None:
        """Take no connections and drop those there are."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.sessions += 1
        try:
            with suppress(_HungUp, OSError, EOFError, ValueError):
                await self._converse(reader, writer)
        finally:
            self.sessions -= 1
            self._writers.discard(writer)
            writer.transport.abort() if writer.is_closing() else writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _say(writer, "220 edge", self.rules.take(GREETING))
        recipient = ""
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                await _say(writer, _OFFERS)
            elif verb == b"AUTH":
                await _say(writer, "235 2.7.0 welcome", self.rules.take(SIGN_IN))
            elif verb == b"RCPT":
                found = _ADDRESS.search(line)
                named = found[1].decode() if found else ""
                recipient = named if await self._welcome(named, writer) else ""
            elif verb == b"DATA" and not recipient:
                # The client may have sent this before it heard of the refusal.
                await _say(writer, "503 5.5.1 no valid recipient")
            elif verb == b"DATA":
                await _say(writer, "354 go on")
                await self._take(recipient, await _mail(reader), writer)
                recipient = ""
            elif verb == b"QUIT":
                await _say(writer, "221 bye")
                return
            else:
                recipient = "" if verb in _BEGINNINGS else recipient
                await _say(writer, "250 OK")

    async def _welcome(self, recipient: str, writer: asyncio.StreamWriter) -> bool:
        """Answer to a recipient, and return whether mail to it is taken."""
        began = time.monotonic()
        rule = self.rules.take(RECIPIENT, recipient)
        try:
            await _say(writer, "250 OK", rule)
        finally:
            if rule is not None and rule.drip:
                self.longest_drip = max(self.longest_drip, time.monotonic() - began)
        return not _refuses(rule)

    async def _take(self, recipient: str, raw: bytes, writer: asyncio.StreamWriter) -> None:
        rule = self.rules.take(TAKEN, recipient)
        if rule is None or rule.hang_up or not _refuses(rule):
            await self.record.write(_entry(recipient, raw))
        await _say(writer, "250 OK", rule)


def _refuses(rule: Rule | None) -> bool:
    return rule is not None and rule.say[:1] in {"4", "5"}


async def _mail(reader: asyncio.StreamReader) -> bytes:
    return (await reader.readuntil(b"\r\n.\r\n"))[:-3]


async def _say(writer: asyncio.StreamWriter, kindly: str, rule: Rule | None = None) -> None:
    rule = rule or Rule(stage="")
    if rule.wait:
        await asyncio.sleep(rule.wait)
    if rule.hang_up:
        raise _HungUp
    line = f"{rule.say or kindly}\r\n".encode()
    if not rule.drip:
        writer.write(line)
        return
    for position in range(len(line)):
        if writer.is_closing():
            raise _HungUp
        writer.write(line[position : position + 1])
        await writer.drain()
        await asyncio.sleep(rule.drip)


def _entry(recipient: str, raw: bytes) -> dict[str, Any]:
    message_id, text = _read(raw)
    code, link = _CODE.search(text), _LINK.search(text)
    return {
        "kind": "mail",
        "at": time.monotonic(),
        "to": recipient,
        "id": message_id,
        "code": code[1] if code else "",
        "link": link[1] if link else "",
        "digest": hashlib.sha256(raw).hexdigest(),
    }


def _read(raw: bytes) -> tuple[str, str]:
    """Return the Message-ID and the plain text.

    The library takes more than a millisecond for a mail, several times what the server takes: a
    long queue would measure the relay. So mails in the server's usual form are read by hand.
    """
    head, part = raw.partition(b"\r\n\r\n")[0], _TEXT_PART.search(raw)
    message_id = _MESSAGE_ID.search(head + b"\r\n")
    if message_id and part and part.start() == len(head):
        return message_id[1].decode(), part[1].decode()
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    plain = mail.get_body(("plain",))
    return str(mail["Message-ID"]).strip(), str(plain.get_content()) if plain else ""


@asynccontextmanager
async def a_relay(
    record: Record, context: ssl.SSLContext | None = None
) -> AsyncIterator[MailRelay]:
    """Run a relay in this loop."""
    relay = MailRelay(record, context=context)
    await relay.listen()
    try:
        yield relay
    finally:
        await relay.refuse()
