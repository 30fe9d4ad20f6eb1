"""Each step of a grant happens once, for the right client and browser, and in time."""

from datetime import timedelta

import pytest

from latchstring.base.ids import ClientId, SessionId, UserId
from latchstring.base.secrets import Keyring, digest
from latchstring.db import statements
from latchstring.domain.devices import store
from latchstring.domain.devices.grant import (
    LIFETIME,
    Allowance,
    DeviceGrant,
    State,
    begin,
)
from latchstring.domain.devices.user_code import digest_of
from tests.support.house import START_OF_TIME as NOW

TV, OTHER = ClientId("acme-tv"), ClientId("mallory-tv")
KEYRING = Keyring({1: b"k" * 32})
PHONE, LAPTOP = digest("phone"), digest("laptop")
END = NOW + LIFETIME
ALICE = Allowance(
    user_id=UserId("email|alice"),
    session_id=SessionId("sid"),
    auth_time=NOW,
    amr=("otp", "email"),
)
ROWS = statements.parse("-- rows --\n-- All.\nselect count(*) from device_grants")


async def a_grant(database) -> DeviceGrant:
    _, grant = begin(TV, "openid", None, keyring=KEYRING, now=NOW)
    assert await database.transact(lambda tx: store.insert_grant(tx, grant))
    return grant


async def bind(database, grant, browser=PHONE, at=NOW):
    return await database.transact(lambda tx: store.bind(tx, grant.user_code_digest, browser, at))


async def allow(database, grant, browser=PHONE, at=NOW):
    return await database.transact(
        lambda tx: store.allow(tx, grant.id, browser, allowance=ALICE, now=at)
    )


async def deny(database, grant, browser=PHONE, at=NOW):
    return await database.transact(lambda tx: store.deny(tx, grant.id, browser, at))


async def poll(database, grant, seconds=0.0, client=TV):
    at = NOW + timedelta(seconds=seconds)
    return await database.transact(
        lambda tx: store.note_poll(tx, grant.device_code_digest, client, at)
    )


async def redeem(database, grant, client=TV, at=NOW):
    return await database.transact(
        lambda tx: store.redeem(tx, grant.device_code_digest, client, at)
    )


async def find(database, grant, browser=PHONE):
    return await database.read(lambda tx: store.find_of_browser(tx, grant.id, browser))


def test_the_row_holds_neither_code():
    device_code, grant = begin(TV, "openid", None, keyring=KEYRING, now=NOW)

    assert len(device_code) == 43
    assert device_code not in repr(grant)
    assert grant.code(KEYRING) not in repr(grant)
    assert grant.user_code_digest == digest_of(grant.code(KEYRING), version=1, keyring=KEYRING)


async def test_a_grant_comes_back_as_it_was(database):
    grant = await a_grant(database)
    await bind(database, grant)

    found = await find(database, grant)
    assert found is not None
    assert found.is_pending(NOW)
    assert (found.scope, found.audience, found.expires_at) == ("openid", None, END)


async def test_no_two_grants_show_the_same_code(database):
    grant = await a_grant(database)
    _, other = begin(TV, "openid", None, keyring=KEYRING, now=NOW)
    twin = DeviceGrant(
        **{name: getattr(other, name) for name in other.__struct_fields__}
        | {"user_code_digest": grant.user_code_digest}
    )

    assert not await database.transact(lambda tx: store.insert_grant(tx, twin))


async def test_a_code_binds_to_the_browser_where_it_was_typed_last(database):
    grant = await a_grant(database)
    assert await bind(database, grant) == grant.id
    assert await bind(database, grant, LAPTOP) == grant.id

    assert await find(database, grant) is None
    assert await find(database, grant, LAPTOP) is not None
    assert not await allow(database, grant)
    assert await allow(database, grant, LAPTOP)


async def test_a_grant_that_is_answered_or_over_binds_to_nobody(database):
    answered, expired = await a_grant(database), await a_grant(database)
    await bind(database, answered)
    await deny(database, answered)

    assert await bind(database, answered, LAPTOP) is None
    assert await bind(database, expired, at=END) is None


@pytest.mark.parametrize(("first", "second"), [(allow, deny), (deny, allow), (allow, allow)])
async def test_the_first_answer_stands(database, first, second):
    grant = await a_grant(database)
    await bind(database, grant)

    assert await first(database, grant)
    assert not await second(database, grant)


async def test_nobody_answers_what_has_expired_or_was_not_typed(database):
    untyped, expired = await a_grant(database), await a_grant(database)
    await bind(database, expired)

    assert not await allow(database, untyped)
    assert not await allow(database, expired, at=END)
    assert not await deny(database, expired, at=END)


async def test_an_allowed_grant_is_redeemed_once_by_its_client(database):
    grant = await a_grant(database)
    await bind(database, grant)
    assert await redeem(database, grant) is None
    await allow(database, grant)

    assert await redeem(database, grant, OTHER) is None
    redeemed = await redeem(database, grant)
    assert redeemed is not None
    assert (redeemed.user_id, redeemed.session_id, redeemed.amr) == (
        ALICE.user_id,
        ALICE.session_id,
        ("otp", "email"),
    )
    assert await redeem(database, grant) is None
    found = await find(database, grant)
    assert found is not None
    assert found.state is State.REDEEMED


async def test_an_allowed_grant_runs_out_too(database):
    grant = await a_grant(database)
    await bind(database, grant)
    await allow(database, grant)

    assert await redeem(database, grant, at=END) is None
    found = await find(database, grant)
    assert found is not None
    assert found.has_expired(END)
    assert not found.has_expired(NOW)


async def test_polls_that_come_too_soon_make_every_later_wait_longer(database):
    grant = await a_grant(database)

    told = []
    for seconds in (0, 4.6, 9.0, 17.0, 29.0, 44.0):
        found = await poll(database, grant, seconds)
        assert found is not None
        told.append((found.hurried, found.interval_seconds))
    # Half a second is the network's; 4.4 s is too soon, so are 8 s of 10 and 12 s of 15.
    assert told == [(False, 5), (False, 5), (True, 10), (True, 15), (True, 20), (True, 25)]
    found = await poll(database, grant, 44 + 25)
    assert found is not None
    assert (found.hurried, found.interval_seconds) == (False, 25)


async def test_only_a_pending_grant_of_this_client_is_polled(database):
    grant = await a_grant(database)

    assert await poll(database, grant, client=OTHER) is None
    assert await poll(database, grant, LIFETIME.total_seconds()) is None
    await bind(database, grant)
    await deny(database, grant)
    assert await poll(database, grant) is None


async def test_what_is_long_over_is_dropped(database):
    await a_grant(database)
    early = await database.transact(lambda tx: store.purge(tx, before=END, count=10))
    late = await database.transact(
        lambda tx: store.purge(tx, before=END + timedelta(milliseconds=1), count=10)
    )

    assert (early, late) == (0, 1)
    assert await database.read(lambda tx: tx.one(ROWS["rows"], int, {})) == 0


async def test_what_waits_for_its_tokens_is_dropped_and_what_is_over_stays(database):
    waiting, allowed, denied, redeemed = [await a_grant(database) for _ in range(4)]
    for grant in (allowed, denied, redeemed):
        await bind(database, grant)
    await allow(database, allowed)
    await deny(database, denied)
    await allow(database, redeemed)
    await redeem(database, redeemed)

    assert await database.transact(store.drop_undelivered) == 2
    assert await find(database, denied) is not None
    assert await find(database, redeemed) is not None
    assert await redeem(database, allowed) is None
    assert await poll(database, waiting) is None
