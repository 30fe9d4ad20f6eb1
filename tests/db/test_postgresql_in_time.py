"""A server that stops in the middle of a transaction keeps nobody, and none of our places."""

import asyncio
import time

import pytest

from latchstring.base.errors import Unavailable
from latchstring.db import statements
from latchstring.db.address import Address
from latchstring.db.database import require_time_since
from latchstring.db.postgresql import PostgresqlDatabase
from tests.support.postgresql import NO_HURRY_TO_DISK, Cluster

pytestmark = pytest.mark.at()

SQL = statements.parse("""
-- one --
select 1

-- slow --
select cast(pg_sleep(1.5) as text)
""")


@pytest.fixture(scope="module")
def cluster():
    with Cluster(NO_HURRY_TO_DISK) as found:
        yield found


@pytest.fixture(params=["", "&pooler=transaction"])
async def database(cluster, request):
    name = f"in_time{len(request.param)}"
    address = Address.of(cluster.create_database(name) + request.param)
    found = await PostgresqlDatabase(address, 1, patience=0.5).open()
    yield found
    cluster.resume()
    await found.close()
    cluster.drop_database(name)


async def refused_in(act):
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(act, 5)
    return time.monotonic() - began


@pytest.mark.parametrize("which", ["transact", "read"])
async def test_a_server_that_stops_in_the_middle_is_waited_for_no_longer(cluster, database, which):
    async def work(tx):
        await tx.one(SQL["one"], int, {})
        cluster.pause()
        await tx.one(SQL["one"], int, {})

    assert await refused_in(getattr(database, which)(work)) < 2
    assert database.load.working == 0
    cluster.resume()
    assert await database.read(lambda tx: tx.one(SQL["one"], int, {})) == 1


async def test_a_batch_that_takes_too_long_gives_its_place_back(cluster, database):
    act = asyncio.create_task(refused_in(database.at_once(SQL["slow"], str, {})))
    await asyncio.sleep(0.2)
    cluster.pause()

    assert await act < 2
    await asyncio.wait_for(database._batches.drained(), 2)
    assert database.load.working == 0
    cluster.resume()
    assert await database.at_once(SQL["one"], int, {}) == 1


def test_one_more_wait_is_begun_within_half_a_second_alone(monkeypatch):
    monkeypatch.undo()  # the tests' patience

    require_time_since(time.monotonic() - 0.4)
    with pytest.raises(Unavailable):
        require_time_since(time.monotonic() - 0.6)
