"""Administrators register, change and remove APIs."""

from datetime import datetime, timedelta

import pytest

from latchstring.base.errors import InvalidRequest, NotFound
from latchstring.base.ids import ClientId, UserId
from latchstring.db import statements
from latchstring.domain.tokens import store as tokens
from latchstring.domain.tokens.access import AccessToken, Bearer, issue
from tests.support.administration import NOON, Office, an_office

LETTERS = "https://api.acme.test/"
EVENTS = statements.parse("-- events --\n-- All.\nselect type from events order by id")
VALUES = {"identifier": LETTERS, "name": "Letters", "scopes": ["read:letters"]}


async def test_a_new_api_holds_at_once(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        added = await office.desk.apis.add(VALUES)

        assert office.configuration.current.apis == {LETTERS: added}
        assert await office.desk.apis.list_all() == [added]


async def test_an_api_is_not_registered_twice(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.apis.add(VALUES)
        with pytest.raises(InvalidRequest, match="already"):
            await office.desk.apis.add(VALUES | {"name": "Mallory's"})
        assert office.configuration.current.apis[LETTERS].name == "Letters"


async def test_settings_change_and_the_identifier_does_not(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.apis.add(VALUES)
        changed = await office.desk.apis.change(LETTERS, {"token_lifetime": 60})
        assert changed.token_lifetime == timedelta(seconds=60)
        assert changed.scopes == ("read:letters",)

        with pytest.raises(InvalidRequest, match="never changes"):
            await office.desk.apis.change(LETTERS, {"identifier": "urn:other"})
        with pytest.raises(InvalidRequest, match="token_lifetime"):
            await office.desk.apis.change(LETTERS, {"token_lifetime": 1})
        assert office.configuration.current.apis == {LETTERS: changed}


async def test_an_api_that_is_not_there_is_neither_changed_nor_removed(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        with pytest.raises(NotFound):
            await office.desk.apis.change(LETTERS, {"name": "x"})
        with pytest.raises(NotFound):
            await office.desk.apis.remove(LETTERS)


def a_token(audience: str | None) -> AccessToken:
    bearer = Bearer(
        client_id=ClientId("acme-web"),
        user_id=UserId("email|alice"),
        session_id=None,
        code_digest=None,
        scope="read:letters",
        audience=audience,
    )
    return issue(bearer, lifetime=timedelta(hours=1), now=NOON)[1]


async def keep(office: Office, token: AccessToken) -> None:
    await office.database.transact(lambda tx: tokens.insert_access_token(tx, token))


async def ended_at(office: Office, token: AccessToken) -> datetime | None:
    digest = token.token_digest
    found = await office.database.read(lambda tx: tokens.find_access_token(tx, digest))
    assert found is not None
    return found.revoked_at


async def test_with_an_api_its_tokens_end_and_no_others(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.apis.add(VALUES)
        hers, other = a_token(LETTERS), a_token(None)
        await keep(office, hers)
        await keep(office, other)

        await office.desk.apis.remove(LETTERS)

        assert await ended_at(office, hers) == NOON
        assert await ended_at(office, other) is None
        assert office.configuration.current.apis == {}


async def test_a_removed_api_can_be_registered_anew(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.apis.add(VALUES)
        await office.desk.apis.remove(LETTERS)
        await office.desk.apis.add(VALUES | {"name": "Again"})
        assert office.configuration.current.apis[LETTERS].name == "Again"


async def test_what_administrators_do_is_on_record(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        await office.desk.apis.add(VALUES)
        await office.desk.apis.remove(LETTERS)
        events = await office.database.read(lambda tx: tx.all(EVENTS["events"], str, {}))
        assert events == ["ApiChanged", "ApiRemoved"]
