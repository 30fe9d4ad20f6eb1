"""Connections that take their time or send without end are cut off; the others notice nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from latchstring.main import patient
from tests.support.served import GET, PATIENCE, a_served

pytestmark = pytest.mark.at("sqlite")  # no matter where: none is opened


async def echo(scope, receive, send):
    """Answer with the body and the headers' names, one after the other."""
    request = Request(scope, receive, send)
    body = await request.body()
    names = ",".join(name for name in request.headers if name.startswith("x-"))
    await PlainTextResponse(f"{len(body)} {names}.")(scope, receive, send)


@pytest.fixture
async def call(monkeypatch, tmp_path) -> AsyncIterator[Callable]:
    """Serve, with little patience."""
    monkeypatch.setattr(patient, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(patient, "BODY_SECONDS", 0.3)
    async with a_served(echo, tmp_path) as served:
        yield served.call


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\r\n\r\n"])
async def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(call, sent):
    caller = await call(sent)

    assert await caller.is_cut()


async def test_a_drop_now_and_then_wins_no_time(call):
    caller = await call(b"GET / HTTP/1.1\r\n")
    cut = asyncio.create_task(caller.is_cut())

    for number in range(20):
        if cut.done():
            break
        caller.writer.write(b"X-%d: y\r\n" % number)
        await asyncio.sleep(0.1)

    assert number < 15
    assert await cut


async def test_a_second_head_has_the_same_time(call):
    caller = await call(GET)
    assert await caller.answer() == b"0 ."

    caller.writer.write(b"GET / HT")

    assert await caller.is_cut()


async def test_a_body_that_does_not_come_is_not_waited_for(call):
    caller = await call(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")

    assert await caller.is_cut()


async def test_an_idle_connection_is_kept(call):
    caller = await call(GET)
    assert await caller.answer() == b"0 ."
    await asyncio.sleep(0.5)

    caller.writer.write(GET)

    assert await caller.answer() == b"0 ."


@pytest.mark.parametrize(
    ("begin", "chunk"),
    [
        (b"GET / HTTP/1.1\r\n", b"X-Long: " + b"a" * 16_000 + b"\r\n"),
        (b"GET / HTTP/1.1\r\nX-Endless: ", b"a" * 16_000),
        (b"GET /", b"a" * 16_000),
        (b"", b"\r\n" * 8_000),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"X-Trailer: " + b"a" * 16_000 + b"\r\n",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            b"a" * 16_000,
        ),
    ],
    ids=["headers", "header", "path", "nothing", "trailers", "extension"],
)
async def test_what_never_ends_is_not_remembered(call, monkeypatch, begin, chunk):
    monkeypatch.setattr(patient, "HEAD_SECONDS", 60)
    monkeypatch.setattr(patient, "BODY_SECONDS", 60)
    caller = await call(begin)

    # What the kernel holds for both sides counts as sent.
    assert await caller.pour(chunk, 4000) < 4000


async def test_requests_far_ahead_of_their_answers_are_refused(call):
    caller = await call(GET * 1000)

    answers = await asyncio.wait_for(caller.reader.read(), PATIENCE)

    assert answers.count(b"HTTP/1.1 200") <= patient.MOST_AHEAD


async def test_a_few_requests_ahead_are_answered_in_order(call):
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
    caller = await call(*(post % (length, b"a" * length) for length in range(1, 9)))

    for length in range(1, 9):
        assert await caller.answer() == b"%d ." % length


async def test_a_body_may_be_larger_than_a_head(call):
    length = 3 * patient.LARGEST_HEAD
    caller = await call(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length, b"a" * length)

    assert await caller.answer() == b"%d ." % length


async def test_a_trailer_is_no_header(call):
    caller = await call(
        b"POST / HTTP/1.1\r\nX-Mine: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\na\r\n0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
    )

    assert await caller.answer() == b"1 x-mine."


async def test_what_is_no_request_is_told_so(call):
    caller = await call(b"\x16\x03\x01 hello\r\n\r\n")

    assert b"400 Bad Request" in await asyncio.wait_for(caller.reader.read(), PATIENCE)
