"""What a process counts: cheaply, and nothing that a client made up."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from latchstring.base.errors import Unavailable
from latchstring.base.settings import LimitSettings, Rate
from latchstring.flows.prepare_keys import PrepareKeys
from latchstring.flows.watch_outbox import WatchOutbox
from latchstring.main.counting import Meter
from latchstring.main.crowd import Crowd
from latchstring.main.surfaces import Surfaces
from latchstring.main.tally import Tally
from latchstring.web.http.busy import BusyAnswers
from latchstring.web.http.metrics import BUCKETS, COUNTERS, GAUGES, PROCESS_GAUGES, Labels
from tests.support.house import House, a_house
from tests.support.places import USUAL

pytestmark = pytest.mark.at(*USUAL)  # each node counts what it does

THREE = LimitSettings(starts_per_identifier=Rate(3, timedelta(hours=1)))


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
async def counted(tmp_path, tally) -> AsyncIterator[House]:
    """A house that counts, put together as a server is."""
    async with a_house(tmp_path, limits=THREE) as house:
        database, keyring = house.installation.database, house.installation.keyring
        signer = await PrepareKeys(database, keyring, house.clock)()
        meter = Meter(tally)
        made = meter.counted(house.flows)
        house.application = Surfaces(house.installation, signer, made).application()
        meter.watch_deliveries(house.worker)
        meter.watch_database(database)
        busy = BusyAnswers(house.application)
        meter.watch_requests(house.application, Crowd(busy), busy)
        meter.watch_outbox(WatchOutbox(database, house.clock))
        busy("/authorize")
        yield house


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (0.005, 0), (0.0051, 1), (4.9, 9), (5.0, 9), (60.0, 10)]
)
def test_a_duration_goes_where_it_belongs(tally, seconds, bucket):
    tally.answered("/", 200, seconds)

    counts = tally.snapshot().durations["/"]
    assert len(counts) == len(BUCKETS) + 2
    assert [position for position, count in enumerate(counts[:-1]) if count] == [bucket]
    assert counts[-1] == seconds


def test_a_snapshot_stays_as_it_was(tally):
    tally.answered("/", 200, 0.001)
    tally.count("starts", "email", "done")
    before = tally.snapshot()

    tally.answered("/", 200, 0.001)
    tally.count("starts", "email", "done")

    assert before.counters["requests"] == {("/", "200"): 1}
    assert before.counters["starts"] == {("email", "done"): 1}
    assert before.durations["/"][0] == 1
    assert tally.snapshot().counters["starts"] == {("email", "done"): 2}


def test_it_knows_what_the_process_costs(tally):
    found = tally.snapshot()

    assert found.counters["cpu_seconds"][()] > 0
    assert found.gauges["resident_bytes"] > 10_000_000
    assert found.gauges["open_files"] > 2


def counts(tally: Tally, name: str) -> dict[Labels, float]:
    return tally.snapshot().counters.get(name, {})


async def test_a_sign_in_is_counted_from_its_start_to_its_end(counted, tally):
    await counted.start()
    code = await counted.code()
    assert (await counted.exchange("0" * len(code))).status_code == 403
    assert (await counted.exchange(code)).status_code == 200

    assert counts(tally, "starts") == {("email", "done"): 1}
    assert counts(tally, "verifies") == {("code", "wrong"): 1, ("code", "done"): 1}
    assert counts(tally, "deliveries") == {("email", "handed_over"): 1}
    assert counts(tally, "requests") == {
        ("/passwordless/start", "200"): 1,
        ("/oauth/token", "403"): 1,
        ("/oauth/token", "200"): 1,
    }
    assert counts(tally, "busy") == {(): 1}


async def test_a_link_is_counted_when_it_is_pressed(counted, tally):
    await counted.start(send="link")
    browser = counted.browser()
    page = await browser.get(await counted.link())

    assert counts(tally, "verifies") == {}
    await browser.post(page)
    await browser.post(page)

    assert counts(tally, "verifies") == {("link", "done"): 1, ("link", "refused"): 1}
    routes = {route for route, _ in counts(tally, "requests")}
    assert routes <= {"/passwordless/start", "/l/", "/signed-in/"}


async def test_who_meets_a_limit_is_counted_by_its_name(counted, tally):
    for _ in range(4):
        await counted.start()

    assert counts(tally, "starts") == {("email", "done"): 3, ("email", "limited"): 1}
    assert counts(tally, "limit_hits") == {("starts_per_identifier",): 1}


@pytest.mark.at("sqlite")
async def test_what_the_database_fails_is_counted(counted, tally, monkeypatch):
    async def fail(_self, _work):
        raise Unavailable

    monkeypatch.setattr(type(counted.installation.database), "transact", fail)
    assert (await counted.start()).status_code == 503

    assert counts(tally, "unavailable") == {(): 1}
    assert counts(tally, "starts") == {("email", "unavailable"): 1}


async def test_what_nobody_has_is_one_route(counted, tally):
    async with counted.http() as http:
        await http.get("/made-up-by-mallory")
        await http.get("/another")

    assert counts(tally, "requests") == {("other", "404"): 2}


async def test_all_that_is_counted_is_shown(counted, tally):
    await counted.start()
    found = tally.snapshot()

    assert set(found.counters) <= {*COUNTERS, "cpu_seconds"}
    assert set(found.gauges) == {*GAUGES, *PROCESS_GAUGES}
