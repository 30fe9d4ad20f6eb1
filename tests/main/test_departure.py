"""Who leaves says so first, answers what comes meanwhile, and finishes what was begun."""

import asyncio
import os
import signal
import time

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from latchstring.main.departure import Departure
from tests.support.served import GET, PATIENCE, a_served

pytestmark = pytest.mark.at("sqlite")  # no matter where: none is opened


async def greet(scope, receive, send):
    """Answer with how long the body is; wait for as long as the path says."""
    request = Request(scope, receive, send)
    await asyncio.sleep(float(scope["path"].strip("/") or 0))
    await PlainTextResponse(str(len(await request.body())))(scope, receive, send)


async def test_a_departure_has_its_grace_and_then_ends():
    departure = Departure(0.2)
    began = time.monotonic()

    departure.ask()

    assert departure.is_near
    await departure.wait()
    assert 0.2 <= time.monotonic() - began < 2


async def test_asked_again_it_hurries():
    departure = Departure(60)
    departure.ask()
    departure.ask()

    await asyncio.wait_for(departure.wait(), 1)


async def test_what_is_to_be_done_at_the_word_is_done_at_once_and_once():
    departure, told = Departure(60), []
    departure.on_word(lambda: told.append("early"))

    departure.ask()
    departure.on_word(lambda: told.append("late"))
    departure.ask()

    assert told == ["early", "late"]


async def for_ever(left: list[str]) -> str:
    """Start, and never come to an end of it."""
    try:
        await asyncio.sleep(3600)
    finally:
        left.append("cleaned up")
    return "begun"


async def test_a_start_is_cut_short_by_the_word_and_leaves_nothing():
    departure, left = Departure(60), list[str]()
    asyncio.get_running_loop().call_later(0.05, departure.ask)

    assert await asyncio.wait_for(departure.unless_told(for_ever(left)), PATIENCE) is None
    assert left == ["cleaned up"]


async def test_who_was_told_before_does_not_even_start():
    departure, left = Departure(60), list[str]()
    departure.ask()

    assert await asyncio.wait_for(departure.unless_told(for_ever(left)), PATIENCE) is None


async def test_a_start_that_is_over_is_not_undone_by_a_later_word():
    departure = Departure(60)

    assert await departure.unless_told(asyncio.sleep(0.01, "begun")) == "begun"
    departure.ask()
    await asyncio.sleep(0.01)  # nobody is cancelled


async def test_a_start_that_fails_in_time_fails_as_it_did():
    async def late() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await Departure(60).unless_told(late())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_is_the_word_and_later_ones_are_ignored(number):
    kept = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        signal.signal(number, signal.SIG_DFL)  # whoever started the tests may have it ignored
        departure = Departure()
        with departure.at_signals():
            os.kill(os.getpid(), number)
            await asyncio.wait_for(departure.wait(), 1)
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)


async def test_a_closed_terminal_does_not_end_what_is_to_outlive_it():
    kept = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        departure = Departure()
        with departure.at_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
            assert not departure.is_near
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)


async def test_while_it_leaves_a_server_answers_everybody_and_closes_with_the_answer(tmp_path):
    async with a_served(greet, tmp_path, grace=0.5) as served:
        old = await served.call(GET)
        assert b"connection: close" not in await old.head()
        await old.reader.readexactly(1)

        served.departure.ask()
        old.send(GET)
        new = await served.call(GET)

        for caller in (old, new):
            assert b"connection: close" in await caller.head()
            assert await caller.reader.read() == b"0"
        await asyncio.wait_for(served.ended, PATIENCE)


async def test_what_was_begun_is_finished(tmp_path):
    async with a_served(greet, tmp_path) as served:
        busy = await served.call(b"GET /0.5 HTTP/1.1\r\nHost: x\r\n\r\n")
        half = await served.call(b"GET / HTTP/1.1\r\nHo")
        body = await served.call(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n12")
        idle = await served.call(GET)
        assert await idle.answer() == b"0"

        served.departure.ask()

        assert await idle.is_cut()
        half.send(b"st: x\r\n\r\n")
        body.send(b"34")
        assert await half.answer() == b"0"
        assert await body.answer() == b"4"
        assert await busy.answer() == b"0"
        await asyncio.wait_for(served.ended, PATIENCE)


async def test_nobody_comes_in_any_more(tmp_path):
    async with a_served(greet, tmp_path) as served:
        served.departure.ask()
        await asyncio.wait_for(served.ended, PATIENCE)

        with pytest.raises(ConnectionRefusedError):
            await served.call(GET)
