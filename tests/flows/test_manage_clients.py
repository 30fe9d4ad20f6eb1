"""Administrators register, change and remove applications while the server runs."""

import pytest

from latchstring.base.errors import InvalidRequest, NotFound
from tests.support.administration import an_office

ACME = {"client_id": "acme-web", "name": "Acme"}
SECRET = "a-secret-of-at-least-32-characters!!"


async def test_a_new_client_gets_a_secret_that_nobody_else_has(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        acme = await office.desk.clients.add(ACME)
        bob = await office.desk.clients.add({"client_id": "bob", "name": "Bob"})
        assert acme.secret
        assert len(acme.secret) >= 43
        assert acme.secret != bob.secret
        assert acme.secret not in repr(acme)
        found = (await office.configuration.refresh()).clients["acme-web"]
        assert found.accepts_secret(acme.secret)
        assert [client.client_id for client in await office.desk.clients.list_all()] == [
            "acme-web",
            "bob",
        ]


async def test_a_new_client_can_bring_its_secret_or_have_none(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        brought = await office.desk.clients.add(ACME, secret=SECRET)
        assert brought.client.accepts_secret(SECRET)
        public = await office.desk.clients.add({"client_id": "spa", "name": "Spa"}, public=True)
        assert public.client.is_public
        assert public.secret is None


@pytest.mark.parametrize(
    ("values", "secret"),
    [
        ({"client_id": "acme web", "name": "Acme"}, None),
        ({"client_id": "acme"}, None),
        (ACME | {"callbacks": ["http://acme.example/"]}, None),
        (ACME | {"native": True}, None),
        (ACME, "short"),
    ],
)
async def test_a_client_that_breaks_a_rule_is_refused(tmp_path, values, secret):
    async with an_office(tmp_path / "x.db") as office:
        with pytest.raises(InvalidRequest) as caught:
            await office.desk.clients.add(values, secret=secret)
        assert "short" not in str(caught.value)
        assert await office.desk.clients.list_all() == []


async def test_an_id_that_is_taken_is_refused_and_its_owner_stays(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        before = await office.desk.clients.add(ACME)
        with pytest.raises(InvalidRequest, match="already"):
            await office.desk.clients.add(ACME | {"name": "Mallory"})
        assert await office.desk.clients.list_all() == [before.client]


async def test_a_change_keeps_the_secret(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.clients.add(ACME, secret=SECRET)
        changed = await office.desk.clients.change("acme-web", {"name": "Acme Inc."})
        assert changed.name == "Acme Inc."
        assert changed.accepts_secret(SECRET)


async def test_a_rotated_secret_ends_the_old_one(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.clients.add(ACME, secret=SECRET)
        rotated = await office.desk.clients.rotate_secret("acme-web")
        assert rotated.client.accepts_secret(rotated.secret)
        assert not rotated.client.accepts_secret(SECRET)
        again = await office.desk.clients.rotate_secret("acme-web", secret=SECRET)
        assert again.client.accepts_secret(SECRET)


async def test_a_public_client_has_no_secret_to_rotate(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.clients.add(ACME, public=True)
        with pytest.raises(InvalidRequest, match="public"):
            await office.desk.clients.rotate_secret("acme-web")


async def test_a_removed_client_is_gone_and_can_be_registered_anew(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.clients.add(ACME, secret=SECRET)
        await office.desk.clients.remove("acme-web")
        assert (await office.configuration.refresh()).clients == {}
        anew = await office.desk.clients.add(ACME)
        assert not anew.client.accepts_secret(SECRET)


async def test_an_unknown_client_can_be_neither_changed_nor_removed(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        clients = office.desk.clients
        for attempt in (
            clients.change("nobody", {"name": "Mallory"}),
            clients.rotate_secret("nobody"),
            clients.remove("nobody"),
        ):
            with pytest.raises(NotFound):
                await attempt
