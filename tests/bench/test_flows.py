"""The ways to tokens are gone on a real server: every login counts, and is in its database."""

from contextlib import asynccontextmanager

import pytest

from bench.contestants.latchstring import (
    Auth0Dialect,
    code_flow,
    latchstring,
    otp,
    refreshing,
)
from bench.entrants import Served
from bench.plan import BenchFailed
from bench.refreshing import RefreshLoad
from bench.sinks import sinks
from bench.stores import Sqlite
from bench.wire import Answer


@asynccontextmanager
async def served(folder, variant):
    """Run the product with ten people."""
    for name in ("installation", "database"):
        (folder / name).mkdir()
    async with sinks(folder) as edges:
        store = Sqlite(folder / "database" / "bench.db")
        found = latchstring(folder / "installation", store, edges, variant, people=10, nodes=1)
        entrant = Served(found, edges.codes)
        await entrant.prepare()
        found.servers[0].start()
        try:
            yield entrant
        finally:
            found.servers[0].stop()


async def test_the_code_flow_is_gone_through_its_pages_up_to_the_claims(tmp_path):
    async with served(tmp_path, code_flow("ES256")) as entrant:
        measure = await entrant.measure(2, 0.3)
        assert measure.logins > 0
        await entrant.check_rows()
        store = entrant.contestant.store
        assert store is not None
        assert await store.count("select count(*) from sessions") == measure.logins
        assert await store.count("select count(*) from authorization_codes") == measure.logins

        entrant._logins += 1
        with pytest.raises(BenchFailed, match="access_tokens"):
            await entrant.check_rows()


async def test_refreshes_are_counted_and_the_sign_ins_before_them_are_not(tmp_path):
    async with served(tmp_path, refreshing("RS256")) as entrant:
        measure = await entrant.measure(3, 0.3)
        assert entrant.load.beside == 3
        assert measure.logins > 0
        await entrant.check_rows()
        store = entrant.contestant.store
        assert store is not None
        generations = "select sum(generation) from refresh_families"
        assert await store.count(generations) == measure.logins

        assert isinstance(entrant.load, RefreshLoad)
        entrant.load._tokens.put_nowait("a token of nobody")
        with pytest.raises(BenchFailed, match="a refresh answered 400"):
            await entrant.measure(4, 0.3)


A_JWT = "head.body.signature"


@pytest.mark.parametrize(
    ("variant", "tokens", "is_login"),
    [
        (otp("ES256"), {"access_token": "opaque", "id_token": A_JWT}, True),
        (otp("ES256"), {"access_token": A_JWT, "id_token": A_JWT}, False),
        (otp("ES256", api=True), {"access_token": A_JWT, "id_token": A_JWT}, True),
        (otp("ES256", api=True), {"access_token": "opaque", "id_token": A_JWT}, False),
        (otp("ES256", offline=True), {"access_token": "opaque", "id_token": A_JWT}, False),
    ],
)
def test_a_login_counts_for_the_very_tokens_that_are_measured(variant, tokens, is_login):
    assert Auth0Dialect(variant).is_signed_in(Answer(200, tokens)) is is_login
