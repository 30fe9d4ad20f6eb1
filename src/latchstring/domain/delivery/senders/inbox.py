"""The developer inbox: the last messages in memory, in place of a relay or a gateway.

It shows codes and links in clear and belongs to ``latchstring dev`` alone; nothing of it is ever
written anywhere.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.domain.delivery.message import Channel
from latchstring.domain.delivery.parcel import Mail, Parcel
from latchstring.domain.delivery.senders import Handed

KEPT = 200
_UNREAD = 1000
"""News a reader that has stopped reading may miss the oldest of."""
_FOLD = re.compile(r"\r\n(?=[ \t])")


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMessage:
    """A message as the person would see it, and as it would have gone over the wire."""

    number: int
    channel: Channel
    recipient: str
    subject: str
    text: str = field(repr=False)
    html: str | None = field(repr=False)
    source: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    code: str | None = field(repr=False)
    link: str | None = field(repr=False)
    received_at: datetime


@dataclass(slots=True)
class Inbox:
    """Keeps the last 200 messages; numbers count up and are never given twice."""

    clock: Clock
    _messages: deque[InboxMessage] = field(default_factory=lambda: deque(maxlen=KEPT), repr=False)
    _readers: set[asyncio.Queue[int]] = field(default_factory=set, repr=False)
    _count: int = 0

    def add(self, parcel: Parcel) -> InboxMessage:
        """Take a message in and tell every reader its number."""
        self._count += 1
        message = _received(parcel, self._count, self.clock.now())
        self._messages.appendleft(message)
        for reader in self._readers:
            if reader.full():
                reader.get_nowait()
            reader.put_nowait(message.number)
        return message

    def list(self) -> tuple[InboxMessage, ...]:
        """Return the messages, newest first."""
        return tuple(self._messages)

    def get(self, number: int) -> InboxMessage | None:
        """Return one message, or nothing: never there, deleted or pushed out."""
        return next((message for message in self._messages if message.number == number), None)

    def delete(self, number: int) -> None:
        """Forget one message."""
        message = self.get(number)
        if message is not None:
            self._messages.remove(message)

    def clear(self) -> None:
        """Forget every message."""
        self._messages.clear()

    async def subscribe(self) -> AsyncIterator[int]:
        """Yield the number of each message that comes in from now on; close it when done."""
        reader: asyncio.Queue[int] = asyncio.Queue(_UNREAD)
        self._readers.add(reader)
        try:
            while True:
                yield await reader.get()
        finally:
            self._readers.discard(reader)


class InboxSender(msgspec.Struct, frozen=True):
    """Hands every message, mail or text message, to the inbox."""

    inbox: Inbox

    async def send(self, parcel: Parcel) -> Handed:
        """Put the message into the inbox."""
        message = self.inbox.add(parcel)
        return Handed(f"developer inbox, message {message.number}")

    async def close(self) -> None:
        """Keep everything: the inbox outlives the worker."""


def _received(parcel: Parcel, number: int, at: datetime) -> InboxMessage:
    if isinstance(parcel, Mail):
        source = parcel.content.decode()
        return InboxMessage(
            number=number,
            channel=Channel.EMAIL,
            recipient=parcel.recipient,
            subject=parcel.subject,
            text=parcel.text,
            html=parcel.html,
            source=source,
            headers=_headers(source),
            code=parcel.code,
            link=parcel.link,
            received_at=at,
        )
    return InboxMessage(
        number=number,
        channel=Channel.SMS,
        recipient=parcel.recipient,
        subject=parcel.body.partition("\n")[0],
        text=parcel.body,
        html=None,
        source=parcel.body,
        headers=(("From", parcel.sender), ("To", parcel.recipient)),
        code=parcel.code,
        link=None,
        received_at=at,
    )


def _headers(source: str) -> tuple[tuple[str, str], ...]:
    head = _FOLD.sub("", source.partition("\r\n\r\n")[0])
    pairs = (line.partition(":") for line in head.split("\r\n"))
    return tuple((name, value.strip()) for name, _, value in pairs)
