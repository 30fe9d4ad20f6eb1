"""A pushed request is fetched once, by its own client, in time."""

import asyncio
from datetime import timedelta

import pytest

from latchstring.base.ids import ClientId
from latchstring.base.secrets import digest
from latchstring.domain.authorizations import store
from latchstring.domain.authorizations.pushed import LIFETIME, PushedRequest, is_well_formed, push
from tests.support.provider import AT

ACME = ClientId("acme-web")


async def a_pushed_request(database) -> tuple[str, PushedRequest]:
    uri, row = push(ACME, {"response_type": "code", "state": "a b&"}, now=AT)
    await database.transact(lambda tx: store.insert_pushed_request(tx, row))
    return uri, row


async def spend(database, uri, client_id=ACME, now=AT) -> PushedRequest | None:
    return await database.transact(
        lambda tx: store.spend_pushed_request(tx, digest(uri), client_id, now)
    )


async def test_o17_nobody_guesses_a_request_uri_and_a_dump_holds_none(database):
    uri, row = await a_pushed_request(database)
    other, _ = push(ACME, {}, now=AT)

    assert is_well_formed(uri)
    assert len(uri.rpartition(":")[2]) == 43, "256 random bits"
    assert uri != other
    assert uri not in str(row)
    assert timedelta(seconds=60) <= LIFETIME <= timedelta(seconds=90)


@pytest.mark.parametrize(
    "uri", ["", "https://evil.test", "urn:ietf:params:oauth:request_uri:", "x" * 43]
)
def test_o17_what_is_not_in_our_form_is_not_looked_up(uri):
    assert not is_well_formed(uri)
    assert not is_well_formed(push(ACME, {}, now=AT)[0] + "\n")


async def test_o17_a_pushed_request_is_used_once(database):
    uri, row = await a_pushed_request(database)

    tries = await asyncio.gather(*(spend(database, uri) for _ in range(64)))

    assert [found.parameters for found in tries if found] == [row.parameters]


async def test_o17_it_is_its_own_clients_and_stays_so_when_another_tries(database):
    uri, _ = await a_pushed_request(database)

    assert await spend(database, uri, ClientId("mallory-web")) is None
    assert await spend(database, uri) is not None


async def test_o17_it_expires_and_is_dropped(database):
    uri, row = await a_pushed_request(database)

    async def purge(before) -> int:
        return await database.transact(
            lambda tx: store.purge_pushed_requests(tx, before=before, count=10)
        )

    assert await spend(database, uri, now=row.expires_at) is None
    assert await purge(row.expires_at) == 0
    assert await purge(row.expires_at + timedelta(milliseconds=1)) == 1
