"""Live updates: one event for each message, until the reader or the server goes away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

import msgspec

from latchstring.domain.delivery.senders.inbox import Inbox
from latchstring.web.inbox.shapes import summary

HEARTBEAT_SECONDS = 15.0


async def stream(
    inbox: Inbox, ended: asyncio.Event, *, heartbeat: float = HEARTBEAT_SECONDS
) -> AsyncIterator[bytes]:
    """Yield server-sent events: `message` with the summary as JSON, and a comment now and then."""
    over = asyncio.ensure_future(ended.wait())
    try:
        async with aclosing(inbox.subscribe()) as numbers:
            yield b"retry: 1000\n\n"
            news = asyncio.ensure_future(anext(numbers))
            try:
                while not over.done():
                    await asyncio.wait(
                        (news, over), timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED
                    )
                    if not news.done():
                        yield b": still here\n\n"
                        continue
                    yield event(inbox, news.result())
                    news = asyncio.ensure_future(anext(numbers))
            finally:
                # The generator may only be closed once nothing waits inside it.
                news.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await news
    finally:
        over.cancel()


def event(inbox: Inbox, number: int) -> bytes:
    """Return the event for one message; a comment when it is gone already."""
    message = inbox.get(number)
    if message is None:
        return b": gone\n\n"
    data = msgspec.json.encode(summary(message))
    return b"id: %d\nevent: message\ndata: %s\n\n" % (number, data)
