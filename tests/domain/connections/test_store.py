"""First values never replace what is there; changes do."""

from latchstring.base.settings import ConnectionSettings
from latchstring.domain.connections import store
from latchstring.domain.connections.connection import Connection
from tests.support.administration import NOON, an_office

SIX, EIGHT = (Connection.of("email", ConnectionSettings(code_length=n)) for n in (6, 8))


async def test_a_first_value_never_replaces_what_is_there(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        assert await office.database.transact(lambda tx: store.insert_connection(tx, SIX, NOON))
        again = await office.database.transact(lambda tx: store.insert_connection(tx, EIGHT, NOON))
        assert not again
        row = await office.database.read(lambda tx: store.find_connection(tx, "email"))
        assert row
        assert row.settings == SIX.as_stored()


async def test_a_change_replaces_what_is_there(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        transact = office.database.transact
        await transact(lambda tx: store.put_connection(tx, SIX, NOON))
        await transact(lambda tx: store.put_connection(tx, EIGHT, NOON))
        rows = await office.database.read(store.list_connections)
        assert [(row.name, row.settings) for row in rows] == [("email", EIGHT.as_stored())]


async def test_a_connection_that_is_not_there_is_none(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        assert await office.database.read(lambda tx: store.find_connection(tx, "sms")) is None
