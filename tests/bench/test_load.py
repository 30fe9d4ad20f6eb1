"""Virtual users: what they count, and what they refuse to count."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import pytest

from bench.codes import Codes
from bench.contestants import Census, Contestant
from bench.contestants.latchstring import LEAN, Auth0Dialect
from bench.entrants import Served
from bench.limits.pgbench import Pgbench
from bench.load import Load
from bench.people import People
from bench.plan import BenchFailed
from bench.processes import Tree
from bench.stores import postgresql
from bench.wire import Connection, Reply, Request

Answering = Callable[[bytes], bytes]
TOKENS = b'{"access_token": "a"}'


@dataclass
class Rows:
    """A database that holds so many people and logins."""

    people: int
    logins: int
    kind: str = "SQLite"

    def cpu(self) -> float:
        return 0.0

    async def count(self, query: str) -> int:
        return int(getattr(self, query))


@dataclass
class Here:
    """A server in the process of the test."""

    port: int
    tree: Tree = field(default_factory=lambda: Tree(os.getpid()))

    def last_words(self) -> str:
        return "the end of its log"


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def handing_over(codes: Codes, token: bytes = ok(TOKENS)) -> Answering:
    """Return the answers of a server that gives everybody a code, and then this."""

    def answer(path: bytes) -> bytes:
        if path == b"/oauth/token":
            return token
        for person in list(codes._expected):
            codes.arrive(person, "012345")
        return ok(b"{}")

    return answer


class Serving(asyncio.Protocol):
    """Answers every request by its path."""

    def __init__(self, answer: Answering) -> None:
        self._answer = answer
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        OPEN.append(self.transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, gap, body = self._heard.partition(b"\r\n\r\n")
        if gap and len(body) >= int(head.partition(b"Content-Length: ")[2].split()[0]):
            self._heard = b""
            self.transport.write(self._answer(head.split()[1]))


OPEN: list[asyncio.Transport] = []


@asynccontextmanager
async def a_server(answer: Answering) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Serving(answer), "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        while OPEN:
            OPEN.pop().abort()
        await asyncio.sleep(0.01)  # the other ends hear of it


def served(port: int, codes: Codes, rows: Rows | None = None) -> Served:
    async def prepare() -> None:
        """There is nothing to prepare."""

    contestant = Contestant(
        name="somebody",
        people=50,
        dialect=Auth0Dialect(LEAN),
        servers=[Here(port)],  # type: ignore[list-item]  # all of a server that is used here
        store=rows,  # type: ignore[arg-type]  # likewise
        census=Census("people", "logins"),
        prepare=prepare,
    )
    return Served(contestant, codes)


async def test_every_login_is_counted_and_must_be_in_the_database():
    codes = Codes()
    async with a_server(handing_over(codes)) as port:
        found = served(port, codes, rows := Rows(people=0, logins=0))
        measure = await found.measure(4, 0.1)
        window = await found.at_rate(200, 0.1)
        assert measure.logins > 0
        assert measure.server > 0
        rows.people, rows.logins = 50 + found._people.created, measure.logins + window.logins
        await found.check_rows()
        rows.logins -= 1
        with pytest.raises(BenchFailed, match="logins"):
            await found.check_rows()


@pytest.mark.parametrize(
    "token",
    [
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}",
        ok(b'{"access_token": "a", "id_token": "more work than was asked for"}'),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
    ],
    ids=["refused", "another variant", "cut off"],
)
async def test_one_login_that_fails_refuses_the_figure(token: bytes, monkeypatch):
    monkeypatch.setattr("bench.load._PATIENCE", 0.2)
    codes = Codes()
    async with a_server(handing_over(codes, token)) as port:
        with pytest.raises(BenchFailed, match=r"somebody(.|\n)*the end of its log"):
            await served(port, codes).measure(1, 0.1)


async def test_a_server_that_stands_still_cannot_hide_it_from_an_open_loop():
    codes = Codes()
    began = time.perf_counter()

    def standing_still(path: bytes) -> bytes:
        time.sleep(max(0, began + 0.3 - time.perf_counter()))
        return handing_over(codes)(path)

    async with a_server(standing_still) as port:
        load = Load(Auth0Dialect(LEAN), codes, People(1000), [port])
        window = await load.open(100, 0.4)
    assert not window.errors
    # Those that were due while it stood still, some thirty of forty, waited 0.15 s on average.
    assert sum(waited > 0.1 for waited in window.requests) > 10


async def test_nobody_signs_in_twice_at_the_same_time():
    people = People(known=3)
    everybody = {people.take_known() for _ in range(3)}
    assert len(everybody) == 3
    person = everybody.pop()
    people.give_back(person)
    assert people.take_known() == person


async def test_an_answer_is_read_in_pieces_and_in_chunks():
    connection = Connection(1)
    head = b"HTTP/1.1 401 No\r\n"
    for pieces in (
        [head + b"content-length: 8\r\n\r\n[1, 2", b", 3]"],
        [head + b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1,", b"\r\n5\r\n 2,3]\r\n0\r\n\r\n"],
    ):
        connection._buffer = b""
        connection._waiting = asyncio.get_running_loop().create_future()
        connection.data_received(pieces[0])
        assert not connection._waiting.done()
        connection.data_received(pieces[1])
        reply = await connection._waiting
        assert (reply.status, json.loads(reply.body)) == (401, [1, 2, 3])


def test_a_replys_header_fields_are_found_whatever_their_case():
    head = (
        b"HTTP/1.1 303 See Other\r\nset-cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nLocation: /next"
    )
    reply = Reply(303, head, b"")
    assert reply.fields("Set-Cookie") == ["a=1; Path=/", "b=2"]
    assert reply.fields("location") == ["/next"]


async def test_a_line_that_is_cut_is_an_error():
    def hang_up(_path: bytes) -> bytes:
        OPEN.pop().abort()
        return b""

    async with a_server(hang_up) as port:
        with pytest.raises(ConnectionError):
            await Connection(port).post(Request("/", {}))


def test_the_cpu_of_a_tree_counts_children_that_ended():
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    run = f"subprocess.run([sys.executable, '-c', {burn!r}])"
    parent = f"import subprocess, sys\n{run}\nprint()\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert Tree(process.pid).cpu() >= 0.25
        assert Tree(process.pid).memory() > 1
        process.communicate(b"\n")


async def test_pgbench_counts_the_databases_cpu_and_every_row_is_found():
    async with postgresql() as store:
        limit = Pgbench(store)
        await limit.prepare()
        measure = await limit.measure(2, 1)
        assert (measure.server, measure.seconds) == (0, 1)
        assert measure.logins > 100
        assert measure.database > 0.01
        await limit.check_rows()
        await store.run(
            "delete from sessions where token_digest = (select max(token_digest) from sessions)"
        )
        with pytest.raises(BenchFailed, match="sessions"):
            await limit.check_rows()
