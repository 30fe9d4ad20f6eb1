"""Live updates arrive at once, and nothing keeps a stopping server waiting."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import cast

from latchstring.domain.delivery.senders.inbox import Inbox
from latchstring.web.inbox import InboxSurface
from latchstring.web.inbox.events import event, stream


def open_stream(inbox: Inbox, ended: asyncio.Event, **wish: float) -> AsyncGenerator[bytes, None]:
    return cast("AsyncGenerator[bytes, None]", stream(inbox, ended, **wish))


async def test_a_message_is_an_event_with_its_summary(inbox: Inbox, post):
    events = open_stream(inbox, asyncio.Event())
    assert await anext(events) == b"retry: 1000\n\n"
    await asyncio.sleep(0)
    post.mail()
    post.sms()
    first, second = await anext(events), await anext(events)
    await events.aclose()
    lines = first.decode().split("\n")
    assert lines[:2] == ["id: 1", "event: message"]
    data = json.loads(lines[2].removeprefix("data: "))
    assert (data["number"], data["recipient"], data["code"]) == (1, "alice@example.com", "482913")
    assert second.startswith(b"id: 2\n")


async def test_a_quiet_stream_shows_that_it_lives(inbox: Inbox):
    events = open_stream(inbox, asyncio.Event(), heartbeat=0.01)
    assert await anext(events) == b"retry: 1000\n\n"
    assert await anext(events) == b": still here\n\n"
    await events.aclose()


async def test_a_stopping_server_ends_the_stream(inbox: Inbox):
    ended = asyncio.Event()
    events = open_stream(inbox, ended)
    await anext(events)
    ended.set()
    async with asyncio.timeout(1):
        assert [chunk async for chunk in events] == []


async def test_a_reader_that_leaves_is_forgotten(inbox: Inbox):
    events = open_stream(inbox, asyncio.Event(), heartbeat=0.01)
    await anext(events)
    await anext(events)
    assert len(inbox._readers) == 1
    await events.aclose()
    assert not inbox._readers


def test_a_message_already_deleted_is_a_comment(inbox: Inbox, post):
    post.mail()
    inbox.clear()
    assert event(inbox, 1) == b": gone\n\n"


async def test_closing_the_surface_ends_its_streams(surface: InboxSurface, inbox: Inbox):
    events = open_stream(inbox, surface._ended)
    await anext(events)
    surface.close()
    async with asyncio.timeout(1):
        assert [chunk async for chunk in events] == []


async def test_a_stream_is_announced_as_one(client):
    response = await client.head("/dev/mail/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
