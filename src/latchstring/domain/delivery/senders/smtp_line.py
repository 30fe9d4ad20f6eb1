"""The conversation on a connection that is ready for mail: commands out, replies in, in step.

The client library connects, signs in, and is done; from there on the connection is read here, so
that several commands can leave in one write and have their replies read together (RFC 2920), which
the library cannot. A reply that nobody asked for, or what is no reply at all, ends the connection:
an answer to one mail is never taken for the answer to another.
"""

import asyncio
import re
from collections import deque
from collections.abc import Container

import msgspec

_LONGEST_REPLY = 8192
_LINE = re.compile(rb"[2-5][0-9]{2}([ -]|$)")
_QUIT = b"QUIT\r\n"


class LineLost(Exception):
    """The relay hung up, fell silent, or said what is no reply; its words, or ours."""


class Reply(msgspec.Struct, frozen=True):
    """What the relay said: three digits, and words on one line or several."""

    code: int
    text: str

    def __str__(self) -> str:
        """Return code and words."""
        return f"{self.code} {self.text}".rstrip()

    @property
    def kind(self) -> int:
        """The first digit, which decides (RFC 5321 section 4.2.1)."""
        return self.code // 100


class SmtpLine(asyncio.Protocol):
    """One connection. Whoever is done with it either leaves the replies in step or ends it."""

    def __init__(self, transport: asyncio.Transport, offers: Container[str]) -> None:
        """Take a connection over; ``offers`` are the extensions that the relay announced."""
        self.pipelines = "pipelining" in offers
        """Whether several commands may leave before the first is answered."""
        self.takes_utf8 = "smtputf8" in offers
        self.mails = 0
        """How many mails have been tried over it."""
        self._transport = transport
        self._buffer = b""
        self._owed = 0
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._lost = ""
        transport.set_protocol(self)
        if transport.is_closing():  # whoever had it before was told, not we
            self.end("the relay hung up")

    @property
    def is_open(self) -> bool:
        """Whether anything more can be said."""
        return not self._lost and not self._transport.is_closing()

    @property
    def unheard(self) -> int:
        """How many replies the relay still owes us, or has given and nobody has heard."""
        return self._owed + len(self._replies)

    def say(self, *commands: bytes) -> None:
        """Send commands in one write; each is owed one reply. What goes wrong ``hear`` tells."""
        if self.is_open:
            self._owed += len(commands)
            self._transport.write(b"".join(commands))

    async def hear(self, within: float) -> Reply:
        """Return the next reply; raise ``LineLost`` if it does not come within so many seconds."""
        if not self._replies and self.is_open:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = loop.call_later(within, self.end, "the relay took too long to answer")
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        if not self._replies:
            raise LineLost(self._lost or "the relay hung up")
        return self._replies.popleft()

    async def leave(self, within: float) -> None:
        """Say goodbye, wait for the answer, and close."""
        self.say(_QUIT)
        try:
            await self.hear(within)
        except LineLost:
            return
        self._transport.close()

    def end(self, reason: str = "given up") -> None:
        """Close at once, whatever was still to be said or heard."""
        self._lost = self._lost or reason
        self._transport.abort()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Take replies, as many as we are owed and not one more."""
        if self._lost:
            return
        self._buffer += data
        while self._owed and (reply := self._reply()):
            self._replies.append(reply)
            self._owed -= 1
        if self._buffer and not self._owed:
            self.end(f"a reply to nothing: {_words(self._buffer)}")
        elif self._replies:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is over. What was heard before stays heard."""
        self._lost = self._lost or (exc and str(exc)) or "the relay hung up"
        self._wake()

    def _reply(self) -> Reply | None:
        """Take one whole reply out of the buffer; the last of its lines has no hyphen."""
        texts, start = [], 0
        while (stop := self._buffer.find(b"\n", start)) >= 0:
            line = self._buffer[start:stop].rstrip()
            start = stop + 1
            if not _LINE.match(line):
                self.end(f"no reply of SMTP: {_words(line)}")
                return None
            texts.append(line[4:])
            if line[3:4] != b"-":
                self._buffer = self._buffer[start:]
                return Reply(int(line[:3]), _words(b"\n".join(texts)))
        if len(self._buffer) > _LONGEST_REPLY:
            self.end("an endless reply")
        return None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _words(raw: bytes) -> str:
    return raw[:_LONGEST_REPLY].decode(errors="replace")
