"""A login ticket is used once, in time, by its client, in its browser."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from latchstring.base.ids import ClientId, ConnectionName, UserId
from latchstring.domain.tickets import store
from latchstring.domain.tickets.ticket import LIFETIME, Issued, Presented, Proven, issue
from tests.support.house import START_OF_TIME as NOW

ACME = ClientId("acme-spa")
COOKIE = "the cookie of Alice's browser"
MOMENT = timedelta(milliseconds=1)
PROVEN = Proven(
    client_id=ACME,
    user_id=UserId("email|1"),
    connection=ConnectionName("email"),
    identifier="alice@example.com",
    amr=("otp", "email"),
    authenticated_at=NOW,
)


@pytest.fixture
async def issued(database) -> Issued:
    made = issue(PROVEN, COOKIE, now=NOW)
    await database.transact(lambda tx: store.insert_ticket(tx, made.row))
    return made


def own(issued: Issued, **changes: str | None) -> Presented:
    values: dict[str, Any] = {"ticket": issued.ticket, "client_id": ACME, "cookie": COOKIE}
    return Presented(**{**values, **changes})


async def use(database, presented: Presented, now=NOW):
    return await database.transact(lambda tx: store.use_ticket(tx, presented, now))


async def test_a_ticket_with_its_cookie_is_used_once(database, issued):
    first, second = [await use(database, own(issued)) for _ in range(2)]

    assert (first.user_id, first.identifier, first.amr) == (
        "email|1",
        PROVEN.identifier,
        PROVEN.amr,
    )
    assert (first.authenticated_at, first.used_at) == (NOW, NOW)
    assert second is None


async def test_the_verifier_does_in_place_of_the_cookie(database, issued):
    assert await use(database, own(issued, cookie=None, verifier=issued.verifier))
    assert await use(database, own(issued)) is None


async def test_t_18_of_64_at_once_one_uses_it(database, issued):
    answers = await asyncio.gather(*(use(database, own(issued)) for _ in range(64)))

    assert sum(answer is not None for answer in answers) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"cookie": None},
        {"cookie": "another browser's"},
        {"cookie": "", "verifier": ""},
        {"cookie": None, "verifier": "made up"},
        {"client_id": "acme-web"},
        {"ticket": "made up"},
    ],
)
async def test_what_does_not_belong_to_it_uses_nothing_up(database, issued, changes):
    assert await use(database, own(issued, **changes)) is None
    assert await use(database, own(issued))


async def test_a_ticket_ends_with_its_lifetime(database, issued):
    assert await use(database, own(issued), NOW + LIFETIME) is None
    assert await use(database, own(issued), NOW + LIFETIME - MOMENT)


async def test_a_ticket_is_good_for_its_client_until_it_is_used_or_over(database, issued):
    async def found():
        return await database.read(lambda tx: store.find_ticket(tx, issued.ticket))

    row = await found()
    assert row.is_good(ACME, NOW)
    assert not row.is_good(ClientId("acme-web"), NOW)
    assert not row.is_good(ACME, NOW + LIFETIME)
    await use(database, own(issued))
    assert not (await found()).is_good(ACME, NOW)


async def test_the_table_holds_none_of_its_secrets(issued):
    kept = repr(issued.row)
    assert issued.row.co_id in kept
    assert not any(secret in kept for secret in (issued.ticket, issued.verifier, COOKIE))


async def test_what_expired_is_dropped_in_small_batches(database, issued):
    async def purge(now):
        return await database.transact(lambda tx: store.purge(tx, before=now, count=200))

    assert await purge(NOW + LIFETIME) == 0
    assert await purge(NOW + LIFETIME + MOMENT) == 1
