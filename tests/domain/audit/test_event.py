"""Events: named in the past tense, kept as they were, without a place for a secret."""

from datetime import timedelta
from typing import get_args

import pytest

from latchstring.base.ids import ClientId, IdentifierDigest, UserId
from latchstring.base.origin import NOWHERE, Origin
from latchstring.domain.audit import store
from latchstring.domain.audit.event import (
    INDEXED,
    Event,
    IdentifierVerified,
    LimitReached,
    UserBlocked,
    details_of,
)
from tests.support.house import START_OF_TIME as NOW

ALICE, BOB = UserId("email|alice"), UserId("email|bob")
DIGEST = IdentifierDigest("digest-of-alice")
ORIGIN = Origin(ip="192.0.2.1", request_id="req_1")
VERIFIED = IdentifierVerified(
    identifier_digest=DIGEST,
    user_id=ALICE,
    client_id=ClientId("acme-web"),
    connection="email",
    method="code",
)


async def record(database, event: Event, origin: Origin = ORIGIN, now=NOW) -> None:
    await database.transact(lambda tx: store.record(tx, event, origin, now=now))


async def events_of(database, user_id=None, digest=None, count: int = 10) -> list[store.Recorded]:
    return await database.read(lambda tx: store.events_of(tx, user_id, digest, count=count))


@pytest.mark.parametrize("kind", get_args(Event))
def test_no_event_has_a_field_for_a_secret(kind):
    names = set(kind.__struct_fields__)

    assert names.isdisjoint({"code", "link", "token", "secret", "answer", "identifier"})


async def test_an_event_comes_back_with_what_it_told(database):
    await record(database, VERIFIED)
    (found,) = await events_of(database, ALICE)

    assert (found.type, found.happened_at) == ("IdentifierVerified", NOW)
    assert (found.user_id, found.client_id, found.identifier_digest) == (ALICE, "acme-web", DIGEST)
    assert (found.ip, found.request_id) == ("192.0.2.1", "req_1")
    assert found.details == {"connection": "email", "method": "code"} == details_of(VERIFIED)
    assert found.id.startswith("evt_")


async def test_what_an_event_does_not_know_is_nothing(database):
    await record(database, LimitReached(limit="starts", identifier_digest=DIGEST), NOWHERE)
    (found,) = await events_of(database, digest=DIGEST)

    assert (found.user_id, found.client_id, found.request_id) == (None, None, None)
    assert not set(INDEXED) & found.details.keys()


async def test_events_are_found_by_user_or_identifier_the_newest_first(database):
    events: list[Event] = [VERIFIED, UserBlocked(user_id=ALICE), UserBlocked(user_id=BOB)]
    for minutes, event in enumerate([*events, LimitReached(limit="x")]):
        await record(database, event, now=NOW + timedelta(minutes=minutes))

    assert [e.type for e in await events_of(database, ALICE, DIGEST)] == [
        "UserBlocked",
        "IdentifierVerified",
    ]
    assert [e.type for e in await events_of(database, ALICE, count=1)] == ["UserBlocked"]


async def test_an_event_of_a_flow_that_fails_never_happened(database):
    async def fails(tx):
        await store.record(tx, VERIFIED, ORIGIN, now=NOW)
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(fails)

    assert await events_of(database, ALICE) == []


async def test_purging_drops_old_events_in_small_batches(database):
    for minutes in range(4):
        await record(database, VERIFIED, now=NOW + timedelta(minutes=minutes))

    def purge():
        before = NOW + timedelta(minutes=3)
        return database.transact(lambda tx: store.purge(tx, before=before, count=2))

    assert [await purge() for _ in range(3)] == [2, 1, 0]
    assert len(await events_of(database, ALICE)) == 1
