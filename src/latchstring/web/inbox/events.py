"""Live updates: one event for each message, until the reader or the server goes away."""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator

import msgspec

from latchstring.domain.delivery.senders.inbox import Inbox
from latchstring.web.inbox.shapes import summary

HEARTBEAT_SECONDS = 15.0


async def stream(
    inbox: Inbox, ended: asyncio.Event, *, heartbeat: float = HEARTBEAT_SECONDS
) -> AsyncIterator[bytes]:
    """Yield server-sent events: `message` with the summary as JSON, and a comment now and then.

    Someone always waits for the next number, so canceling that wait also ends the subscription.
    """
    numbers = inbox.subscribe()
    news = asyncio.ensure_future(anext(numbers))
    over = asyncio.ensure_future(ended.wait())
    try:
        yield b"retry: 1000\n\n"
        while not over.done():
            await asyncio.wait((news, over), timeout=heartbeat, return_when=FIRST_COMPLETED)
            if news.done():
                number, news = news.result(), asyncio.ensure_future(anext(numbers))
                yield event(inbox, number)
            elif not over.done():
                yield b": still here\n\n"
    finally:
        news.cancel()
        over.cancel()
        await asyncio.gather(news, over, return_exceptions=True)


def event(inbox: Inbox, number: int) -> bytes:
    """Return the event for one message; a comment when it is gone already."""
    message = inbox.get(number)
    if message is None:
        return b": gone\n\n"
    data = msgspec.json.encode(summary(message))
    return b"id: %d\nevent: message\ndata: %s\n\n" % (number, data)
