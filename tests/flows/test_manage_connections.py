"""Administrators change the ways in while the server runs."""

import pytest

from latchstring.base.errors import InvalidRequest
from tests.support.administration import an_office, some_settings


async def test_a_change_is_kept_and_listed(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.first_values(some_settings(tmp_path))
        changed = await office.desk.connections.change("email", {"live": 2, "send": "code"})
        assert [found.name for found in await office.desk.connections.list_all()] == [
            "email",
            "sms",
        ]
        assert changed in await office.desk.connections.list_all()
        assert (changed.live, changed.code_length) == (2, 6)


async def test_a_connection_that_is_not_there_is_made(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.connections.change("sms", {"countries": ["FR"]})
        assert (await office.configuration.refresh()).connections["sms"].countries == ("FR",)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("telegram", {"live": 2}),
        ("email", {"live": 9}),
        ("email", {"countries": ["US"]}),
        ("sms", {"live": 2}),
    ],
)
async def test_a_refused_change_leaves_everything_as_it_was(tmp_path, name, values):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.connections.change("email", {})
        before = await office.configuration.refresh()
        with pytest.raises(InvalidRequest):
            await office.desk.connections.change(name, values)
        assert await office.configuration.refresh() is before


async def test_the_file_can_replace_what_the_database_holds(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        settings = some_settings(tmp_path)
        await office.first_values(settings)
        await office.desk.connections.change("email", {"live": 2})
        await office.desk.connections.replace_all(settings.connections)
        assert (await office.first_values(settings)).differences == ()
