"""The inbox in JSON: what a test reads to find the code it waits for."""

from datetime import datetime

import msgspec

from latchstring.domain.delivery.senders.inbox import InboxMessage


class MessageSummary(msgspec.Struct, frozen=True):
    """One message without its bulk: enough to find a code or a link."""

    number: int
    channel: str
    recipient: str
    subject: str
    text: str
    code: str | None
    link: str | None
    received_at: datetime


class MessageDetail(MessageSummary, frozen=True):
    """One message whole."""

    html: str | None
    source: str
    headers: tuple[tuple[str, str], ...]


class MessageList(msgspec.Struct, frozen=True):
    """The messages that were asked for, newest first."""

    messages: list[MessageSummary]
    total: int


class Problem(msgspec.Struct, frozen=True):
    """Why nothing was found or done."""

    error: str


def summary(message: InboxMessage) -> MessageSummary:
    """Return the message without HTML, source and headers."""
    return MessageSummary(
        number=message.number,
        channel=message.channel,
        recipient=message.recipient,
        subject=message.subject,
        text=message.text,
        code=message.code,
        link=message.link,
        received_at=message.received_at,
    )


def detail(message: InboxMessage) -> MessageDetail:
    """Return the message with everything it has."""
    return MessageDetail(
        **msgspec.structs.asdict(summary(message)),
        html=message.html,
        source=message.source,
        headers=message.headers,
    )
