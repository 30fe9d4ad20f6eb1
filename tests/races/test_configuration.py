"""Administrators who change the configuration at the same time undo nothing of one another's."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from latchstring.base.errors import InvalidRequest, NotFound
from latchstring.base.origin import NOWHERE
from latchstring.domain.registrations.registration import RegistrationRefused
from latchstring.flows.manage_clients import Registered
from latchstring.flows.register_client import RegisterClient, Wanted
from tests.support.administration import an_office
from tests.support.places import ALL

pytestmark = pytest.mark.at(*ALL)

ROUNDS = 10
ACME = {"client_id": "acme", "name": "Acme"}


@pytest.fixture
async def office(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        yield office


@pytest.fixture
def desk(office):
    return office.desk


async def test_changes_of_one_client_beside_a_new_secret_all_hold(desk):
    await desk.clients.add(ACME)
    for number in range(ROUNDS):
        address = f"https://acme.example/{number}"
        changes = {"name": f"Acme {number}", "callbacks": [address], "logout_urls": [address]}
        *_, rotated = await asyncio.gather(
            *(desk.clients.change("acme", {name: value}) for name, value in changes.items()),
            desk.clients.rotate_secret("acme"),
        )

        [found] = await desk.clients.list_all()
        assert {name: found.as_stored()[name] for name in changes} == changes
        assert found.accepts_secret(rotated.secret)


async def test_of_clients_that_are_added_under_one_id_one_is(desk):
    told = await asyncio.gather(
        *(desk.clients.add(ACME | {"name": f"Acme {n}"}) for n in range(8)), return_exceptions=True
    )

    [added] = [each for each in told if isinstance(each, Registered)]
    assert sum(isinstance(each, InvalidRequest) for each in told) == len(told) - 1
    assert await desk.clients.list_all() == [added.client]


async def test_a_client_that_is_removed_beside_a_change_is_gone(desk):
    for number in range(ROUNDS):
        await desk.clients.add(ACME | {"client_id": f"acme-{number}"})
        removing = asyncio.create_task(desk.clients.remove(f"acme-{number}"))
        with suppress(NotFound):
            await desk.clients.change(f"acme-{number}", {"name": "Other"})
        await removing

        assert await desk.clients.list_all() == []


async def test_changes_of_one_connection_and_of_one_api_all_hold(desk):
    await desk.apis.add({"identifier": "https://api.acme.example", "name": "Acme"})
    for number in range(ROUNDS):
        codes = {"code_length": 6 + number % 5, "max_attempts": 3 + number % 3}
        tokens = {"name": f"Acme {number}", "scopes": [f"read:{number}"]}
        await asyncio.gather(
            *(desk.connections.change("email", {name: value}) for name, value in codes.items()),
            *(
                desk.apis.change("https://api.acme.example", {name: value})
                for name, value in tokens.items()
            ),
        )

        [email] = [each for each in await desk.connections.list_all() if each.name == "email"]
        [api] = await desk.apis.list_all()
        assert {name: email.as_stored()[name] for name in codes} == codes
        assert {name: api.as_stored()[name] for name in tokens} == tokens


async def test_an_application_that_changes_itself_brings_no_old_secret_back(office, desk):
    registering = RegisterClient(office.database, office.clock, office.configuration.refresh)
    settings = {"name": "Acme", "callbacks": ["https://acme.example/"]}
    wanted = Wanted(settings, with_secret=True, metadata={})
    token = await desk.registration_tokens.issue(uses=1, life=timedelta(hours=1))
    found = await registering.register(token.token, wanted, NOWHERE)
    client_id = found.client.client_id
    for _ in range(ROUNDS):
        rotated, _ = await asyncio.gather(
            desk.clients.rotate_secret(client_id),
            registering.change(client_id, found.token, wanted, NOWHERE),
        )

        [client] = await desk.clients.list_all()
        assert client.accepts_secret(rotated.secret)


async def test_an_application_that_changes_itself_beside_its_removal_is_gone(office, desk):
    registering = RegisterClient(office.database, office.clock, office.configuration.refresh)
    wanted = Wanted({"name": "Acme", "callbacks": []}, with_secret=True, metadata={})
    token = (await desk.registration_tokens.issue(uses=ROUNDS, life=timedelta(hours=1))).token
    for _ in range(ROUNDS):
        found = await registering.register(token, wanted, NOWHERE)
        removing = asyncio.create_task(desk.clients.remove(found.client.client_id))
        with suppress(RegistrationRefused):
            await registering.change(found.client.client_id, found.token, wanted, NOWHERE)
        await removing

        assert await desk.clients.list_all() == []
