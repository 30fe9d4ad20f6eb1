"""R-01: kill -9 while accepting sends. What was answered 200 reaches its person, every time."""

import asyncio
import random
import time

import apsw
import httpx2
import pytest

from tests.conftest import FULL
from tests.support.server import SECRET, Server, a_server

CYCLES = 10
ROUNDS = 3 if FULL else 1
CLIENTS = 8
ENOUGH = 60
"""Acknowledged sends in one cycle; the sink needs a moment for each."""

_PATIENCE = 40.0


class Traffic:
    """Clients that ask for messages until the server is gone."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.acknowledged: list[str] = []
        self.odd: list[tuple[int, str]] = []
        self.answered = asyncio.Event()

    async def run_until_killed(self, cycle: int, seconds: float) -> int:
        """Let the clients start, kill the server in the middle; return how many were answered."""
        before = len(self.acknowledged)
        self.answered = asyncio.Event()
        async with httpx2.AsyncClient(base_url=self.server.url, timeout=10) as http:
            clients = [
                asyncio.create_task(self._client(http, f"c{cycle}x{number}", before + ENOUGH))
                for number in range(CLIENTS)
            ]
            await asyncio.sleep(seconds)
            await asyncio.wait_for(self.answered.wait(), _PATIENCE)
            self.server.kill()
            await asyncio.gather(*clients)
        return len(self.acknowledged) - before

    async def _client(self, http: httpx2.AsyncClient, name: str, enough: int) -> None:
        number = 0
        while len(self.acknowledged) < enough:
            number += 1
            email = f"{name}n{number}@example.com"
            body = {
                "client_id": "acme-web",
                "client_secret": SECRET,
                "connection": "email",
                "email": email,
                "send": "code",
            }
            try:
                answer = await http.post("/passwordless/start", json=body)
            except httpx2.HTTPError:
                return
            if answer.status_code == 200:
                self.acknowledged.append(email)
                self.answered.set()
            else:
                self.odd.append((answer.status_code, answer.text))


def integrity(server: Server) -> list[str]:
    """Ask SQLite, with the server dead, whether the file is whole."""
    connection = apsw.Connection(str(server.folder / "var" / "latchstring.db"))
    rows = connection.execute("pragma integrity_check").fetchall()
    connection.close()
    return [str(row[0]) for row in rows]


def missing(server: Server, people: list[str]) -> set[str]:
    arrived = {recipient for mail in server.mail.mails for recipient in mail.recipients}
    return set(people) - arrived


def drained(server: Server, people: list[str]) -> set[str]:
    """Wait until everybody has their message; return who still has none."""
    deadline = time.monotonic() + _PATIENCE
    while missing(server, people) and time.monotonic() < deadline:
        time.sleep(0.05)
    return missing(server, people)


@pytest.fixture
def server(tmp_path):
    with a_server(tmp_path) as server:
        server.mail.delay = 0.003
        yield server


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_r_01_no_acknowledged_send_is_lost_when_the_server_is_killed(server, round_):
    traffic, draw = Traffic(server), random.Random(round_)
    for cycle in range(CYCLES):
        if cycle:
            server.start()
        answered = asyncio.run(traffic.run_until_killed(cycle, draw.uniform(0.1, 0.6)))
        assert answered > 0
        assert integrity(server) == ["ok"]
    server.start()

    assert traffic.odd == []
    assert drained(server, traffic.acknowledged) == set()
    for person in traffic.acknowledged:
        sent = server.mail.to(person)
        assert len({mail.message["Message-ID"] for mail in sent}) == 1
        assert len({mail.code for mail in sent}) == 1


def test_r_03_a_mail_that_was_handed_over_as_the_server_died_comes_again_the_same(server):
    server.mail.delay = 0.3
    traffic = Traffic(server)
    asyncio.run(traffic.run_until_killed(0, 0.15))
    server.mail.delay = 0.0
    server.start()

    assert drained(server, traffic.acknowledged) == set()
    time.sleep(0.5)
    for person in traffic.acknowledged:
        sent = server.mail.to(person)
        assert 1 <= len(sent) <= 2
        assert len({mail.message["Message-ID"] for mail in sent}) == 1
        assert len({mail.raw for mail in sent}) == 1


def test_a_code_that_was_used_before_the_kill_stays_used(server):
    with httpx2.Client(base_url=server.url) as http:
        body = {"client_id": "acme-web", "client_secret": SECRET, "connection": "email"}
        http.post("/passwordless/start", json={**body, "email": "a@example.com", "send": "code"})
    answer = {
        "client_id": "acme-web",
        "client_secret": SECRET,
        "grant_type": "http://auth0.com/oauth/grant-type/passwordless/otp",
        "realm": "email",
        "username": "a@example.com",
        "otp": server.mail.wait_for("a@example.com").code,
    }
    first = httpx2.post(f"{server.url}/oauth/token", json=answer)
    server.kill()
    server.start()
    again = httpx2.post(f"{server.url}/oauth/token", json=answer)

    assert (first.status_code, again.status_code) == (200, 403)
