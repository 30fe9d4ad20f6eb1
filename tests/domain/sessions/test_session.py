"""Sessions: how long they live, and that the table cannot give one away."""

from datetime import timedelta

from msgspec.structs import replace

from latchstring.base.ids import ClientId, UserId
from latchstring.base.secrets import random_token
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import email_identifier
from latchstring.domain.sessions import store
from latchstring.domain.sessions.session import Lifetime, Session, open_session, session_id_of
from tests.support.house import START_OF_TIME as NOW

ALICE = email_identifier("alice@example.com", allow_examples=True)
LIFETIME = Lifetime(idle=timedelta(days=3), absolute=timedelta(days=7))
ACME = ClientId("acme-web")
MOMENT = timedelta(milliseconds=1)


def a_session(token: str = "the cookie", user_id: str = "email|alice") -> Session:
    return open_session(
        token=token,
        user_id=UserId(user_id),
        connection=ALICE.connection,
        identifier=ALICE.value,
        amr=("otp", "email"),
        lifetime=LIFETIME,
        now=NOW,
    )


async def keep(database, *tokens: str) -> list[Session]:
    user_id = await database.transact(lambda tx: identities.create(tx, ALICE, NOW))
    sessions = [a_session(token, user_id) for token in tokens]
    for session in sessions:
        await database.transact(lambda tx, s=session: store.insert_session(tx, s))
    return sessions


async def find(database, session: Session) -> Session | None:
    return await database.read(lambda tx: store.find_session(tx, session.id))


def test_a_session_idles_out_and_grows_old():
    session = a_session()
    touched = replace(session, idle_ends_at=NOW + timedelta(days=30))

    assert session.is_live(NOW + LIFETIME.idle - MOMENT)
    assert not session.is_live(NOW + LIFETIME.idle)
    assert touched.is_live(NOW + LIFETIME.absolute - MOMENT)
    assert not touched.is_live(NOW + LIFETIME.absolute)


def test_a_session_that_was_ended_is_not_live():
    assert not replace(a_session(), ended_at=NOW).is_live(NOW)


def test_a_session_is_written_again_only_after_five_minutes():
    assert not a_session().wants_touch(NOW + timedelta(minutes=5) - MOMENT)
    assert a_session().wants_touch(NOW + timedelta(minutes=5))


def test_v_17_the_id_of_a_session_is_a_one_way_image_of_its_cookie():
    token = random_token()

    assert len(token) == len(session_id_of(token)) == 43
    assert session_id_of(token) not in {token, session_id_of(session_id_of(token))}
    assert session_id_of(token) == session_id_of(token)


async def test_a_session_comes_back_as_it_was(database):
    (session,) = await keep(database, "one")

    assert await find(database, session) == session
    assert await find(database, a_session("another")) is None


async def test_a_session_of_a_blocked_user_is_not_found(database):
    (session,) = await keep(database, "one")
    await database.transact(
        lambda tx: identities.set_blocked(tx, session.user_id, blocked_at=NOW, now=NOW)
    )

    assert await find(database, session) is None


async def test_a_session_of_a_deleted_user_is_not_found(database):
    (session,) = await keep(database, "one")
    await database.transact(lambda tx: identities.delete_user(tx, session.user_id))

    assert await find(database, session) is None


async def test_a_session_ends_once_and_is_not_kept_alive_afterwards(database):
    (session,) = await keep(database, "one")
    ended = [
        await database.transact(lambda tx: store.end_session(tx, session.id, NOW)) for _ in range(2)
    ]
    await database.transact(
        lambda tx: store.touch_session(tx, session.id, idle_ends_at=NOW + MOMENT, now=NOW)
    )

    assert ended == [True, False]
    assert await find(database, session) == replace(session, ended_at=NOW)


async def test_touching_moves_the_idle_end(database):
    (session,) = await keep(database, "one")
    later = NOW + timedelta(hours=1)
    until = later + LIFETIME.idle
    await database.transact(
        lambda tx: store.touch_session(tx, session.id, idle_ends_at=until, now=later)
    )

    assert await find(database, session) == replace(session, seen_at=later, idle_ends_at=until)


async def test_all_sessions_of_a_user_end_together(database):
    one, two = await keep(database, "one", "two")
    await database.transact(lambda tx: store.end_session(tx, one.id, NOW))

    def end_all():
        return database.transact(lambda tx: store.end_sessions_of(tx, two.user_id, NOW))

    assert [await end_all(), await end_all()] == [1, 0]


async def test_purging_drops_sessions_that_are_long_over_in_small_batches(database):
    sessions = await keep(database, "one", "two", "three")
    over = NOW + LIFETIME.absolute + MOMENT

    def purge(before):
        return database.transact(lambda tx: store.purge(tx, before=before, count=2))

    assert await purge(NOW + LIFETIME.absolute) == 0
    assert [await purge(over) for _ in range(3)] == [2, 1, 0]
    assert [await find(database, session) for session in sessions] == [None] * 3
