"""Clients in the database: first values, changes, and what is left of a removed one."""

from latchstring.base.settings import ClientSettings
from latchstring.domain.clients import store
from latchstring.domain.clients.client import Client
from tests.support.administration import NOON, an_office

SECRET = "a-secret-of-at-least-32-characters!!"


def a_client(name="Acme"):
    return Client.of(ClientSettings(client_id="acme-web", name=name, client_secret=SECRET))


async def test_a_first_value_never_replaces_what_is_there(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        transact = office.database.transact
        assert await transact(lambda tx: store.insert_client(tx, a_client(), NOON))
        assert not await transact(lambda tx: store.insert_client(tx, a_client("Mallory"), NOON))
        row = await office.database.read(lambda tx: store.find_client(tx, "acme-web"))
        assert row
        assert Client.from_stored(row.settings, row.secret_digest) == a_client()


async def test_a_removed_client_leaves_its_id_alone_and_is_not_written_again(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        transact, read = office.database.transact, office.database.read
        await transact(lambda tx: store.put_client(tx, a_client(), NOON))
        assert await transact(lambda tx: store.remove_client(tx, "acme-web", NOON))
        assert not await transact(lambda tx: store.remove_client(tx, "acme-web", NOON))
        assert await read(lambda tx: store.find_client(tx, "acme-web")) is None
        (row,) = await read(store.list_clients)
        assert (row.settings, row.secret_digest, row.removed_at) == ({}, None, NOON)
        assert not await transact(lambda tx: store.insert_client(tx, a_client(), NOON))


async def test_a_removed_client_can_be_registered_anew(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        transact = office.database.transact
        await transact(lambda tx: store.put_client(tx, a_client(), NOON))
        await transact(lambda tx: store.remove_client(tx, "acme-web", NOON))
        await transact(lambda tx: store.put_client(tx, a_client("Acme again"), NOON))
        row = await office.database.read(lambda tx: store.find_client(tx, "acme-web"))
        assert row
        assert row.settings["name"] == "Acme again"


async def test_the_file_on_disk_holds_no_client_secret(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.database.transact(lambda tx: store.put_client(tx, a_client(), NOON))
    assert all(SECRET.encode() not in file.read_bytes() for file in tmp_path.iterdir())
