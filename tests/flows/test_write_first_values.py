"""The file gives first values; then the database is the truth and the difference is told."""

from tests.support.administration import an_office, some_settings
from tests.support.configuration import EXAMPLE, SECRET


async def test_a_new_database_gets_what_the_file_says(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        first = await office.first_values(some_settings(tmp_path))
        assert first.written == ("connections.email", "connections.sms", "clients.acme-web")
        assert first.differences == ()
        found = await office.configuration.refresh()
        assert found.connections["sms"].countries == ("US", "GB", "DE")
        assert found.clients["acme-web"].accepts_secret(SECRET)


async def test_a_second_start_changes_nothing(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.first_values(some_settings(tmp_path))
        before = await office.configuration.refresh()
        first = await office.first_values(some_settings(tmp_path))
        assert (first.written, first.differences) == ((), ())
        assert await office.configuration.refresh() is before


async def test_the_database_holds_against_the_file_and_the_difference_is_listed(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.first_values(some_settings(tmp_path))
        await office.desk.connections.change("email", {"code_lifetime": 300})
        await office.desk.clients.change("acme-web", {"callbacks": ["https://acme.example/cb"]})
        first = await office.first_values(some_settings(tmp_path))
        assert [(each.key, each.in_file, each.in_database) for each in first.differences] == [
            ("connections.email.code_lifetime", 600, 300),
            (
                "clients.acme-web.callbacks",
                ["http://127.0.0.1:9100/callback"],
                ["https://acme.example/cb"],
            ),
        ]
        found = await office.configuration.refresh()
        assert found.connections["email"].code_lifetime.total_seconds() == 300


async def test_what_is_added_to_the_file_is_written_beside_what_is_there(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.first_values(some_settings(tmp_path))
        more = EXAMPLE + '\n[[clients]]\nclient_id = "bob"\nname = "Bob"\n'
        first = await office.first_values(some_settings(tmp_path, more))
        assert first.written == ("clients.bob",)
        assert set((await office.configuration.refresh()).clients) == {"acme-web", "bob"}


async def test_a_removed_client_does_not_come_back_with_the_next_start(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.first_values(some_settings(tmp_path))
        await office.desk.clients.remove("acme-web")
        first = await office.first_values(some_settings(tmp_path))
        assert first.written == ()
        assert [(d.key, d.in_file, d.in_database) for d in first.differences] == [
            ("clients.acme-web", "present", "removed")
        ]
        assert (await office.configuration.refresh()).clients == {}


async def test_a_secret_that_differs_is_told_without_any_secret(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.first_values(some_settings(tmp_path))
        rotated = await office.desk.clients.rotate_secret("acme-web")
        first = await office.first_values(some_settings(tmp_path))
        assert [d.key for d in first.differences] == ["clients.acme-web.client_secret"]
        digest = rotated.client.secret_digest
        for secret in (SECRET, rotated.secret, digest):
            assert secret
            assert secret not in repr(first)
