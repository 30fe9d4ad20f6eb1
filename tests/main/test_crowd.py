"""However many come, those inside are served, and the others are told so quickly."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from latchstring.main import crowd, patient
from tests.support.served import GET, a_served

pytestmark = pytest.mark.at("sqlite")  # no matter where: none is opened

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"


class Slow:
    """An application whose requests wait until they are let go."""

    def __init__(self) -> None:
        self.begun, self.go = 0, asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        """Answer when that is allowed."""
        await Request(scope, receive).body()
        self.begun += 1
        if scope["path"] == "/":
            await self.go.wait()
        size = 4_000_000 if scope["path"] == "/long" else 2
        await PlainTextResponse("k" * size)(scope, receive, send)


@pytest.fixture
async def slow() -> Slow:
    """Return the application."""
    return Slow()


async def until(condition) -> None:
    """Wait for something to come true."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.005)


async def test_one_request_too_many_is_told_to_come_back_while_the_others_go_on(
    slow, tmp_path, monkeypatch
):
    monkeypatch.setattr(crowd, "MOST_AT_WORK", 3)
    async with a_served(slow, tmp_path) as served:
        inside = [await served.call(GET) for _ in range(3)]
        await until(lambda: slow.begun == 3)

        late = await served.call(POST)

        head = await late.head()
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in head
        assert await late.reader.readexactly(4) == b"busy"
        slow.go.set()
        assert [await caller.answer() for caller in inside] == [b"kk"] * 3
        assert slow.begun == 3


async def test_who_was_refused_is_not_heard_before_the_time_and_then_served(
    slow, tmp_path, monkeypatch
):
    monkeypatch.setattr(crowd, "MOST_AT_WORK", 1)
    monkeypatch.setattr(patient, "REST_SECONDS", 1)
    async with a_served(slow, tmp_path) as served:
        await served.call(GET)
        await until(lambda: slow.begun == 1)
        late = await served.call(GET)
        assert await late.answer() == b"busy"
        slow.go.set()

        late.send(GET)

        await asyncio.sleep(0.1)
        assert slow.begun == 1
        assert await late.answer() == b"kk"


async def test_what_was_sent_along_with_a_refused_request_is_not_answered(
    slow, tmp_path, monkeypatch
):
    monkeypatch.setattr(crowd, "MOST_AT_WORK", 1)
    async with a_served(slow, tmp_path) as served:
        await served.call(GET)
        await until(lambda: slow.begun == 1)

        late = await served.call(GET * 100)

        assert (await asyncio.wait_for(late.reader.read(), 5)).count(b"busy") == 1
        slow.go.set()


async def test_a_refusal_ends_the_connection_where_the_client_or_the_server_wants_it(
    slow, tmp_path, monkeypatch
):
    monkeypatch.setattr(crowd, "MOST_AT_WORK", 1)
    async with a_served(slow, tmp_path, grace=5) as served:
        await served.call(GET)
        await until(lambda: slow.begun == 1)
        closing = await served.call(b"GET / HTTP/1.0\r\n\r\n")
        assert b"connection: close" in await closing.head()
        assert await closing.reader.read() == b"busy"

        served.departure.ask()

        late = await served.call(GET)
        assert (await late.head()).count(b"connection: close") == 1
        assert await late.reader.read() == b"busy"
        slow.go.set()


async def test_a_head_request_is_refused_without_a_body(slow, tmp_path, monkeypatch):
    monkeypatch.setattr(crowd, "MOST_AT_WORK", 1)
    async with a_served(slow, tmp_path) as served:
        await served.call(GET)
        await until(lambda: slow.begun == 1)

        late = await served.call(b"HEAD / HTTP/1.0\r\n\r\n")

        assert await late.head()
        assert await late.reader.read() == b""
        slow.go.set()


async def test_what_must_be_answered_is_answered(slow, tmp_path, monkeypatch):
    monkeypatch.setattr(crowd, "MOST_AT_WORK", 1)
    async with a_served(slow, tmp_path, refuse=lambda _path: None) as served:
        await served.call(GET)
        await until(lambda: slow.begun == 1)

        late = await served.call(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")

        assert await late.answer() == b"kk"
        slow.go.set()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", POST[:-1], GET.replace(b"/", b"/idle", 1)])
async def test_silence_never_keeps_speech_out(slow, tmp_path, monkeypatch, sent):
    monkeypatch.setattr(crowd, "MOST_CONNECTIONS", 20)
    monkeypatch.setattr(crowd, "SILENT_SECONDS", 0)
    slow.go.set()
    async with a_served(slow, tmp_path) as served:
        silent = [await served.call(sent) for _ in range(20)]
        if sent.endswith(b"\r\n\r\n"):
            assert [await caller.answer() for caller in silent] == [b"kk"] * 20
        await until(lambda: len(served.server.crowd.connections) == 20)

        alice = await served.call(GET)

        assert await alice.answer() == b"kk"
        assert await silent[0].is_cut()


async def test_who_was_silent_for_a_moment_only_is_not_cut_off(slow, tmp_path, monkeypatch):
    monkeypatch.setattr(crowd, "MOST_CONNECTIONS", 2)
    monkeypatch.setattr(crowd, "SILENT_SECONDS", 1)
    slow.go.set()
    async with a_served(slow, tmp_path) as served:
        inside = [await served.call(GET), await served.call(GET)]
        assert [await caller.answer() for caller in inside] == [b"kk"] * 2

        alice = await served.call(GET)
        await asyncio.sleep(0.1)
        assert slow.begun == 2

        assert await alice.answer() == b"kk"
        assert await inside[0].is_cut()


async def test_where_all_places_are_taken_everybody_has_a_turn(slow, tmp_path, monkeypatch):
    monkeypatch.setattr(crowd, "MOST_CONNECTIONS", 2)
    async with a_served(slow, tmp_path) as served:
        inside = [await served.call(GET), await served.call(GET)]
        await until(lambda: slow.begun == 2)
        slow.go.set()
        assert [await caller.answer() for caller in inside] == [b"kk"] * 2
        alice = await served.call(GET)
        await asyncio.sleep(0.05)

        inside[1].send(GET)

        assert b"connection: close" in await inside[1].head()
        assert await alice.answer() == b"kk"


async def test_nobody_who_waits_for_us_is_thrown_out(slow, tmp_path, monkeypatch):
    monkeypatch.setattr(crowd, "MOST_CONNECTIONS", 3)
    async with a_served(slow, tmp_path) as served:
        inside = [await served.call(GET) for _ in range(3)]
        await until(lambda: slow.begun == 3)

        alice = await served.call(GET)
        await asyncio.sleep(0.05)
        assert slow.begun == 3
        slow.go.set()

        assert [await caller.answer() for caller in inside] == [b"kk"] * 3
        assert await alice.answer() == b"kk"


async def test_an_answer_that_nobody_reads_is_not_kept_forever(slow, tmp_path, monkeypatch):
    monkeypatch.setattr(patient, "READ_SECONDS", 0.3)
    async with a_served(slow, tmp_path) as served:
        deaf = await served.call(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" * 1)
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
        await until(lambda: slow.begun == 1)
        assert len(served.server.crowd.connections) == 1

        await until(lambda: not served.server.crowd.connections)
