"""Whoever ends a session leaves word for the applications that want to hear of it."""

from latchstring.base.ids import ClientId, SessionId
from latchstring.base.origin import NOWHERE
from latchstring.domain.audit import store as audit
from latchstring.domain.notices.notice import State
from latchstring.domain.sessions import store as sessions
from latchstring.flows.end_sessions import end_session, end_sessions_of, replace_session
from latchstring.flows.end_what_was_live import EndWhatWasLive, Reason
from latchstring.flows.manage_users import ManageUsers
from latchstring.flows.purge_expired import PurgeExpired
from latchstring.flows.sign_out import SignOut
from latchstring.flows.sign_out_everywhere import SignOutEverywhere
from tests.support.sign_outs import ALICE, BOB, a_session, a_user, at_application, notices_of


async def told(database, user_id):
    return [(notice.client_id, notice.sid) for notice in await notices_of(database, user_id)]


async def test_signing_out_leaves_word_for_each_application_once_and_wakes_whoever_tells(
    database, clock
):
    user = await a_user(database, ALICE, clock.now())
    session = await a_session(database, user, "one", clock.now())
    await at_application(database, session, "acme", "blog", "acme")
    woken = []
    sign_out = SignOut(database, clock, lambda: woken.append(1))

    await sign_out(session, NOWHERE)
    await sign_out(session, NOWHERE)

    found = await notices_of(database, user)
    assert [notice.client_id for notice in found] == ["acme", "blog"]
    assert {(notice.state, notice.attempts, notice.sid) for notice in found} == {
        (State.WAITING, 0, session.id)
    }
    assert woken


async def test_only_the_session_that_ended_is_told_of(database, clock):
    user = await a_user(database, ALICE, clock.now())
    one, two = [await a_session(database, user, name, clock.now()) for name in ("one", "two")]
    await at_application(database, one, "acme")
    await at_application(database, two, "acme")

    assert await database.transact(lambda tx: end_session(tx, one, clock.now()))

    assert await told(database, user) == [("acme", one.id)]


async def test_a_session_that_is_over_signs_in_nowhere(database, clock):
    user = await a_user(database, ALICE, clock.now())
    session = await a_session(database, user, "one", clock.now())
    await database.transact(lambda tx: end_session(tx, session, clock.now()))

    for found in (session.id, SessionId("nobody's")):
        assert not await database.transact(
            lambda tx, it=found: sessions.note_client(tx, it, ClientId("acme"))
        )


async def test_all_sessions_of_a_user_and_of_nobody_else_are_told_of(database, clock):
    alice, bob = [await a_user(database, who, clock.now()) for who in (ALICE, BOB)]
    one, two = [await a_session(database, alice, name, clock.now()) for name in ("one", "two")]
    others = await a_session(database, bob, "three", clock.now())
    for session in (one, two, others):
        await at_application(database, session, "acme")

    assert await database.transact(lambda tx: end_sessions_of(tx, alice, clock.now())) == 2

    assert await told(database, alice) == sorted([("acme", one.id), ("acme", two.id)])
    assert await told(database, bob) == []


async def test_whoever_proves_again_who_they_are_is_signed_out_nowhere(database, clock):
    user = await a_user(database, ALICE, clock.now())
    earlier, later = [await a_session(database, user, name, clock.now()) for name in ("a", "b")]
    await at_application(database, earlier, "acme", "blog")
    await database.transact(lambda tx: replace_session(tx, earlier.id, later, clock.now()))
    assert await told(database, user) == []
    await at_application(database, later, "acme")

    await SignOut(database, clock)(later, NOWHERE)

    expected = [("acme", earlier.id), ("acme", later.id), ("blog", earlier.id)]
    assert await told(database, user) == sorted(expected)


async def test_whoever_takes_over_a_browser_ends_what_was_there(database, clock):
    alice, bob = [await a_user(database, who, clock.now()) for who in (ALICE, BOB)]
    earlier = await a_session(database, alice, "a", clock.now())
    later = await a_session(database, bob, "b", clock.now())
    await at_application(database, earlier, "acme")

    await database.transact(lambda tx: replace_session(tx, earlier.id, later, clock.now()))

    assert await told(database, alice) == [("acme", earlier.id)]


async def test_signing_out_everywhere_ends_all_and_is_recorded(database, clock):
    user = await a_user(database, ALICE, clock.now())
    made = [await a_session(database, user, name, clock.now()) for name in ("one", "two")]
    for session in made:
        await at_application(database, session, "acme")
    everywhere = SignOutEverywhere(database, clock)

    assert await everywhere(user, NOWHERE) == 2
    assert await everywhere(user, NOWHERE) == 0

    assert len(await notices_of(database, user)) == 2
    events = await database.read(lambda tx: audit.events_of(tx, user, None, count=9))
    assert [e.details["sessions"] for e in events if e.type == "SignedOutEverywhere"] == [0, 2]
    for session in made:
        found = await database.read(lambda tx, it=session: sessions.find_session(tx, it.id))
        assert found is not None
        assert not found.is_live(clock.now())


async def test_an_administrator_who_signs_out_blocks_or_deletes_somebody_leaves_word(
    database, clock
):
    manage = ManageUsers(database, clock)
    for change in (manage.sign_out, manage.block, manage.delete):
        if change == manage.delete:
            await manage.unblock(ALICE.value)
        user = (
            await a_user(database, ALICE, clock.now())
            if change == manage.sign_out
            else (await manage.show(ALICE.value)).user.id
        )
        session = await a_session(database, user, change.__name__, clock.now())
        await at_application(database, session, "acme")
        await change(ALICE.value)
        assert ("acme", session.id) in await told(database, user)


async def test_when_everything_ends_nobody_signed_out_and_what_waits_to_be_told_stays(
    database, clock
):
    user = await a_user(database, ALICE, clock.now())
    one, two = [await a_session(database, user, name, clock.now()) for name in ("one", "two")]
    for session in (one, two):
        await at_application(database, session, "acme")
    await SignOut(database, clock)(one, NOWHERE)

    await database.transact(lambda tx: EndWhatWasLive(clock)(tx, Reason.RESTORED))

    assert await told(database, user) == [("acme", one.id)]
    assert await database.transact(lambda tx: sessions.take_clients(tx, two.id)) == []


async def test_what_was_settled_long_ago_and_what_ended_by_age_is_forgotten(database, clock):
    user = await a_user(database, ALICE, clock.now())
    session = await a_session(database, user, "one", clock.now())
    await at_application(database, session, "acme")
    clock.advance(9 * 24 * 3600)

    await PurgeExpired(database, clock)()

    assert await database.transact(lambda tx: sessions.take_clients(tx, session.id)) == []
