"""Ready means that something can be written; asking costs next to nothing, however often."""

import asyncio
import time

import apsw
import pytest

from latchstring.base.errors import Unavailable
from latchstring.flows.prove_writable import ProveWritable
from latchstring.flows.refresh_configuration import read_version
from latchstring.main import readiness
from latchstring.main.readiness import Readiness


class Proof:
    """Counts how often it is asked for, and fails on request."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked, self.error = 0, error

    async def __call__(self) -> None:
        """Take a moment."""
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.error:
            raise self.error


async def status_of(house) -> int:
    async with house.http() as http:
        return (await http.get("/readyz")).status_code


async def test_a_server_that_can_write_is_ready(house):
    assert await status_of(house) == 200


@pytest.mark.at("sqlite")
async def test_a_server_that_cannot_write_is_not_ready_and_says_so_in_time(house):
    other = apsw.Connection(str(house.installation.database.path))
    other.execute("begin immediate")
    began = time.monotonic()

    assert await status_of(house) == 503
    assert time.monotonic() - began < 2.5
    other.close()


async def test_many_who_ask_cost_one_look(monkeypatch):
    proof = Proof()
    ready = Readiness((proof,))

    assert await asyncio.gather(*(ready() for _ in range(100))) == [True] * 100
    assert await ready()
    assert proof.asked == 1


async def test_a_look_holds_for_a_while_only(monkeypatch):
    monkeypatch.setattr(readiness, "_LASTS_SECONDS", 0)
    proof = Proof(Unavailable())
    ready = Readiness((proof,))

    assert not await ready()
    proof.error = None
    assert await ready()


@pytest.mark.parametrize("error", [Unavailable(), TimeoutError(), LookupError("a bug")])
async def test_whatever_goes_wrong_is_not_ready(error):
    assert not await Readiness((Proof(error),))()


async def test_a_look_that_takes_too_long_is_not_ready(monkeypatch):
    monkeypatch.setattr(readiness, "_PATIENCE_SECONDS", 0.001)

    assert not await Readiness((Proof(),))()


@pytest.mark.at("sqlite")
async def test_the_proof_is_written_and_changes_nothing(database):
    log = database.path.with_name(f"{database.path.name}-wal")
    before = await database.read(read_version), log.stat().st_size

    await ProveWritable(database)()

    after = await database.read(read_version), log.stat().st_size
    assert after[0] == before[0]
    assert after[1] > before[1]
