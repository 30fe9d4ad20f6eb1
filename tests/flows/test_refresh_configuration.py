"""What one process changes holds in every process within moments."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from latchstring.base.clock import SteadyClock
from latchstring.base.errors import Unavailable
from latchstring.base.secrets import Keyring
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Transaction
from latchstring.db.statements import Statement
from latchstring.domain.keys import store as keys
from latchstring.domain.keys.key import KeyState, SigningKey, generate
from latchstring.domain.keys.signer import Signer
from latchstring.flows.keep_time import KeepTime
from latchstring.flows.refresh_configuration import RefreshConfiguration, bump_version
from tests.support.administration import KEYRING, NOON, an_office, some_settings


@asynccontextmanager
async def two_processes(folder):
    async with an_office(folder / "x.db") as one, an_office(folder / "x.db") as other:
        await one.first_values(some_settings(folder))
        await one.configuration.refresh()
        await other.configuration.refresh()
        yield one, other


@asynccontextmanager
async def watching(configuration):
    task = asyncio.create_task(configuration.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def put(database, key: SigningKey) -> None:
    async def work(tx: Transaction) -> None:
        await bump_version(tx)
        assert await keys.insert_key(tx, key)

    await database.transact(work)


async def until(condition):
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen within two seconds")


async def test_nothing_is_known_before_the_first_look(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        with pytest.raises(Unavailable):
            _ = office.configuration.current


async def test_a_change_holds_at_once_where_it_was_made(tmp_path):
    async with two_processes(tmp_path) as (one, _):
        await one.desk.connections.change("email", {"code_length": 8})
        assert one.configuration.current.connections["email"].code_length == 8


async def test_a_change_holds_in_another_process_within_two_seconds(tmp_path):
    async with two_processes(tmp_path) as (one, other), watching(other.configuration):
        await one.desk.connections.change("email", {"code_length": 8})
        await one.desk.clients.remove("acme-web")
        current = other.configuration
        await until(lambda: current.current.connections["email"].code_length == 8)
        await until(lambda: "acme-web" not in current.current.clients)


async def test_without_a_change_nothing_is_read_again(tmp_path):
    async with two_processes(tmp_path) as (one, _):
        before = one.configuration.current
        assert await one.configuration.refresh() is before


async def test_a_row_that_breaks_a_rule_does_not_take_the_others_along(tmp_path):
    async with two_processes(tmp_path) as (one, other):
        spoil = [
            Statement(
                "a", "update connections set settings = '{\"live\": 99}' where name = 'email'"
            ),
            Statement("b", "update clients set settings = '{}'"),
            Statement("c", "update configuration_version set version = version + 1"),
        ]

        async def work(tx):
            for statement in spoil:
                await tx.run(statement, {})

        await one.database.transact(work)
        with capture_logs() as logs:
            found = await other.configuration.refresh()
        assert set(found.connections) == {"sms"}
        assert found.clients == {}
        assert {line["event"] for line in logs} == {"connection_left_out", "client_left_out"}


async def test_a_database_in_trouble_leaves_what_was_known_and_is_told_once(tmp_path, monkeypatch):
    async with two_processes(tmp_path) as (_, other):
        broken = True
        read = other.database.read

        class Trouble:
            async def read(self, work):
                if broken:
                    raise Unavailable(detail="disk")
                return await read(work)

        known = other.configuration.current
        monkeypatch.setattr(other.configuration, "database", Trouble())
        with capture_logs() as logs:
            async with watching(other.configuration):
                await until(lambda: logs)
                await asyncio.sleep(0.05)
                broken = False
                await asyncio.sleep(0.05)
        assert other.configuration.current is known
        assert [line["event"] for line in logs] == ["configuration_not_refreshed"]


async def test_a_signer_that_is_kept_has_the_keys_that_the_database_has_now(tmp_path):
    async with two_processes(tmp_path) as (one, other):
        signer = Signer(KEYRING)
        await other.configuration.keep(signer)
        assert signer.document == b'{"keys":[]}'

        key = generate(SigningAlgorithm.ES256, KeyState.CURRENT, KEYRING, now=NOON)
        await put(one.database, key)
        await other.configuration.refresh()

        assert signer.key_id(SigningAlgorithm.ES256) == key.id


async def test_a_signer_that_comes_late_is_not_told_what_was_read_before(tmp_path):
    async with two_processes(tmp_path) as (one, _):
        key = generate(SigningAlgorithm.ES256, KeyState.CURRENT, KEYRING, now=NOON)
        await put(one.database, key)
        signer = Signer(KEYRING)

        await one.configuration.keep(signer)

        assert signer.key_id(SigningAlgorithm.ES256) == key.id


async def test_a_key_is_published_once_a_client_reads_its_kind(tmp_path):
    async with two_processes(tmp_path) as (one, other):
        signer = Signer(KEYRING)
        await other.configuration.keep(signer)
        key = generate(SigningAlgorithm.ES256, KeyState.CURRENT, KEYRING, now=NOON)
        await put(one.database, key)
        await other.configuration.refresh()
        assert key.id not in signer.document.decode()

        await one.desk.clients.change("acme-web", {"id_token_signed_response_alg": "ES256"})
        await other.configuration.refresh()

        assert key.id in signer.document.decode()


async def test_a_key_that_our_key_file_does_not_open_is_told_and_published(tmp_path):
    async with two_processes(tmp_path) as (one, other):
        signer = Signer(KEYRING)
        await other.configuration.keep(signer)
        theirs = Keyring({1: b"k" * 32, 2: b"n" * 32})
        key = generate(SigningAlgorithm.RS256, KeyState.CURRENT, theirs, now=NOON)
        await put(one.database, key)

        with capture_logs() as logs:
            await other.configuration.refresh()

        told = {"event": "signing_key_not_opened", "key_id": key.id, "log_level": "error"}
        assert logs == [told]
        assert key.id in signer.document.decode()


async def test_each_look_brings_the_time(tmp_path):
    async with two_processes(tmp_path) as (one, _):
        wall = time.time_ns() - 2_000_000_000  # as a machine whose clock is behind
        clock = SteadyClock(lambda: wall)
        configuration = RefreshConfiguration(one.database, KeepTime(clock))
        wall += 2_000_000_000

        await configuration.refresh()

        assert clock.now().timestamp() >= wall / 1e9 - 0.002
