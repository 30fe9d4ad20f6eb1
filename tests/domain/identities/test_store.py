"""Users and identifiers in a real file."""

import asyncio
import re
from datetime import timedelta

from latchstring.base.ids import UserId
from latchstring.domain.identities import store
from latchstring.domain.identities.identifier import email_identifier, phone_identifier
from latchstring.domain.identities.user import new_user_id
from tests.support.house import START_OF_TIME as NOW

ALICE = email_identifier("alice@example.com", allow_examples=True)
BOB = email_identifier("bob@example.com", allow_examples=True)
PHONE = phone_identifier("+14155550100", None, allow_examples=True)
LATER = NOW + timedelta(hours=1)


async def sign_in(database, identifier=ALICE, now=NOW) -> tuple[UserId, bool]:
    """Find or make the user, as the flow does; answer which it was."""

    async def find_or_make(tx) -> tuple[UserId, bool]:
        standing = await store.find_standing(tx, identifier.digest)
        if standing is not None:
            return standing.user_id, False
        return await store.create(tx, identifier, now), True

    return await database.transact(find_or_make)


async def find(database, user_id):
    return await database.read(lambda tx: store.find_user(tx, user_id))


def test_a_subject_is_the_way_in_and_24_hex_digits():
    subjects = {new_user_id(ALICE.connection) for _ in range(100)}

    assert len(subjects) == 100
    assert all(re.fullmatch(r"email\|[0-9a-f]{24}", subject) for subject in subjects)


async def test_r1_the_first_success_makes_the_user_and_later_ones_find_it(database):
    first, created = await sign_in(database)
    again, created_again = await sign_in(database, now=LATER)

    assert (created, created_again) == (True, False)
    assert again == first
    (identifier,) = await database.read(lambda tx: store.identifiers_of(tx, first))
    assert (identifier.identifier, identifier.verified_at) == (ALICE.value, NOW)
    assert identifier.created_at == NOW


async def test_parallel_first_successes_make_one_user(database):
    found = await asyncio.gather(*(sign_in(database) for _ in range(30)))

    assert len({user_id for user_id, _ in found}) == 1
    assert sum(created for _, created in found) == 1


async def test_an_address_and_a_number_are_two_users(database):
    (alice, _), (phone, _) = await sign_in(database), await sign_in(database, PHONE)

    assert alice != phone
    assert phone.startswith("sms|")


async def test_nobody_is_behind_an_unknown_identifier(database):
    assert await database.read(lambda tx: store.find_standing(tx, ALICE.digest)) is None


async def test_sign_ins_are_counted(database):
    alice, _ = await sign_in(database)
    for _ in range(2):
        await database.transact(lambda tx: store.note_sign_in(tx, alice, LATER))

    user = await find(database, alice)
    assert (user.sign_ins, user.last_sign_in_at, user.is_blocked) == (2, LATER, False)


async def test_a_blocked_user_is_found_as_blocked(database):
    alice, _ = await sign_in(database)
    await database.transact(lambda tx: store.set_blocked(tx, alice, blocked_at=LATER, now=LATER))
    standing = await database.read(lambda tx: store.find_standing(tx, ALICE.digest))

    assert (standing.user_id, standing.blocked_at) == (alice, LATER)
    assert (await find(database, alice)).is_blocked
    assert not await database.transact(
        lambda tx: store.set_blocked(tx, UserId("email|none"), blocked_at=None, now=LATER)
    )


async def test_forgetting_browsers_sets_the_moment_they_become_strangers(database):
    alice, _ = await sign_in(database)
    await database.transact(lambda tx: store.forget_browsers(tx, alice, LATER))
    standing = await database.read(lambda tx: store.find_standing(tx, ALICE.digest))

    assert standing.browsers_known_since == LATER


async def test_a_deleted_user_is_gone_and_its_subject_does_not_come_again(database):
    alice, _ = await sign_in(database)

    assert await database.transact(lambda tx: store.delete_user(tx, alice))
    assert not await database.transact(lambda tx: store.delete_user(tx, alice))
    assert await find(database, alice) is None
    again, created = await sign_in(database)
    assert created
    assert again != alice


async def test_users_are_listed_by_pages_the_newest_first(database):
    made = []
    for number in range(5):
        identifier = email_identifier(f"person{number}@example.com", allow_examples=True)
        made.append((await sign_in(database, identifier, NOW + number * timedelta(seconds=1)))[0])

    seen, before = [], None
    while page := await database.read(lambda tx, b=before: store.list_users(tx, b, 2)):
        seen += [user.id for user in page]
        before = page[-1].id

    assert seen == made[::-1]
