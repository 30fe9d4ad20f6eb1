"""The outbox's statements: who holds what, and until when."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from latchstring.db.statements import Statement
from latchstring.domain.delivery import store
from latchstring.domain.delivery.message import Channel, State
from latchstring.domain.delivery.store import Fate, Lease
from latchstring.domain.delivery.verdict import Settlement
from tests.support.delivery import NOW, a_message

SECOND = timedelta(seconds=1)
OURS = Lease("ours/1", NOW + 5 * SECOND)
THEIRS = Lease("theirs/1", NOW + 5 * SECOND)
HANDED = Settlement(state=State.HANDED_OVER, provider_answer="250 ok")


@pytest.fixture
def do(database):
    """Run one statement in a transaction of its own."""

    async def transact(function, *args, **kwargs):
        return await database.transact(lambda tx: function(tx, *args, **kwargs))

    return transact


async def held(do, lease=OURS, **changes):
    message = a_message(**changes)
    await do(store.enqueue, message)
    (claimed,) = await do(store.claim, lease, now=NOW, most=1)
    return claimed


async def test_a_message_survives_the_outbox(do):
    message = a_message(decoy=True, language="de", key_version=3)
    await do(store.enqueue, message)
    assert await do(store.find_message, message.id) == message
    assert await do(store.find_for_challenge, message.challenge_id) == message
    assert await do(store.find_for_challenge, "another") is None


@pytest.mark.at("sqlite")  # to the last byte of its files
async def test_v17_the_outbox_holds_no_secret(do, database):
    message = a_message()
    await do(store.enqueue, message)
    await database.close()
    dump = b"".join(path.read_bytes() for path in database.path.parent.iterdir())
    assert b"alice@example.com" in dump
    assert b"/l/" not in dump


async def test_the_longest_waiting_is_claimed_first(do):
    for name, wait in (("young", 0), ("old", 9), ("future", -1)):
        await do(store.enqueue, a_message(name, due_at=NOW - wait * SECOND))
    order = []
    for _ in range(3):
        order += [one.challenge_id for one in await do(store.claim, OURS, now=NOW, most=1)]
    assert order == ["challenge-old", "challenge-young"]


JOINED_ROW_BY_ROW = Statement(
    "joined_row_by_row",
    """
    select set_config('enable_' || way, 'off', true)
    from unnest(array['hashjoin', 'mergejoin', 'hashagg', 'sort', 'material']) as way
    """,
)


@pytest.mark.at("postgresql")  # whose planner is tempted to join
async def test_no_more_is_claimed_than_asked_for_whatever_the_planner_thinks(do, database):
    for number in range(20):
        await do(store.enqueue, a_message(f"m{number}"))

    async def claim(tx):
        await tx.all(JOINED_ROW_BY_ROW, str, {})
        return await store.claim(tx, OURS, now=NOW, most=2)

    assert len(await database.transact(claim)) == 2


async def test_what_is_claimed_is_claimed_once_until_its_lease_runs_out(do):
    claimed = await held(do)
    assert (claimed.attempts, claimed.lease_owner, claimed.due_at) == (1, "ours/1", OURS.until)
    assert await do(store.claim, THEIRS, now=NOW + 4 * SECOND, most=9) == []
    later = Lease("theirs/1", NOW + 10 * SECOND)
    (taken,) = await do(store.claim, later, now=NOW + 5 * SECOND, most=9)
    assert (taken.attempts, taken.lease_owner) == (2, "theirs/1")


async def test_a_lease_is_renewed_by_its_owner_alone(do):
    claimed = await held(do)
    longer = NOW + 60 * SECOND
    assert not await do(store.renew, claimed.id, Lease("theirs/1", longer))
    assert await do(store.renew, claimed.id, Lease("ours/1", longer))
    assert await do(store.claim, THEIRS, now=NOW + 59 * SECOND, most=9) == []


async def test_a_retry_waits_for_its_time(do):
    claimed = await held(do)
    due_at = NOW + 3 * SECOND
    assert await do(store.retry, claimed.id, owner="ours/1", due_at=due_at, last_error="451 later")
    assert await do(store.claim, OURS, now=NOW + 2 * SECOND, most=9) == []
    (again,) = await do(store.claim, OURS, now=due_at, most=9)
    assert (again.attempts, again.last_error) == (2, "451 later")


async def test_what_was_put_back_was_no_attempt(do):
    claimed = await held(do)
    assert await do(store.put_back, claimed.id, owner="ours/1", due_at=NOW)
    (again,) = await do(store.claim, OURS, now=NOW, most=9)
    assert again.attempts == 1


async def test_a_settled_message_is_never_claimed_again(do):
    claimed = await held(do)
    assert await do(store.settle, {claimed.id: HANDED}, owner="ours/1", now=NOW)
    assert await do(store.claim, THEIRS, now=NOW + 99 * SECOND, most=9) == []
    message = await do(store.find_message, claimed.id)
    assert (message.state, message.provider_answer) == (State.HANDED_OVER, "250 ok")
    assert (message.settled_at, message.lease_owner) == (NOW, None)


async def test_who_lost_a_message_cannot_decide_about_it(do):
    claimed = await held(do, lease=THEIRS)
    failed = Settlement(state=State.FAILED, last_error="550")
    assert not await do(store.settle, {claimed.id: failed}, owner="ours/1", now=NOW)
    assert not await do(store.retry, claimed.id, owner="ours/1", due_at=NOW, last_error="")
    assert not await do(store.put_back, claimed.id, owner="ours/1", due_at=NOW)
    message = await do(store.find_message, claimed.id)
    assert (message.state, message.lease_owner) == (State.QUEUED, "theirs/1")


async def test_p7_what_was_handed_over_is_over_whoever_holds_it_by_now(do):
    claimed = await held(do, lease=THEIRS)
    assert await do(store.settle, {claimed.id: HANDED}, owner="ours/1", now=NOW)
    assert not await do(store.renew, claimed.id, THEIRS)
    failed = Settlement(state=State.FAILED, last_error="550")
    assert not await do(store.settle, {claimed.id: failed}, owner="theirs/1", now=NOW)


async def test_what_is_withdrawn_is_never_sent(do):
    await do(store.enqueue, a_message("alice"))
    await do(store.enqueue, a_message("bob", recipient="bob@example.com"))
    assert await do(store.withdraw, "alice@example.com", reason="voided", now=NOW) == 1
    (claimed,) = await do(store.claim, OURS, now=NOW + 99 * SECOND, most=9)
    assert claimed.recipient == "bob@example.com"
    message = await do(store.find_message, a_message("alice").id)
    assert (message.state, message.last_error) == (State.SUPPRESSED, "voided")
    assert message.settled_at == NOW


async def test_what_a_worker_holds_is_withdrawn_too_for_it_may_be_dead(do):
    claimed = await held(do)
    assert await do(store.withdraw, "alice@example.com", reason="voided", now=NOW) == 1
    assert await do(store.claim, THEIRS, now=NOW + 99 * SECOND, most=9) == []
    assert not await do(store.renew, claimed.id, OURS)
    assert not await do(store.retry, claimed.id, owner="ours/1", due_at=NOW, last_error="")
    assert not await do(store.put_back, claimed.id, owner="ours/1", due_at=NOW)
    failed = Settlement(state=State.FAILED, last_error="550")
    assert not await do(store.settle, {claimed.id: failed}, owner="ours/1", now=NOW)
    message = await do(store.find_message, claimed.id)
    assert (message.state, message.lease_owner) == (State.SUPPRESSED, None)


async def test_what_left_before_it_was_withdrawn_is_told_as_handed_over(do):
    claimed = await held(do)
    await do(store.withdraw, "alice@example.com", reason="voided", now=NOW)
    assert await do(store.settle, {claimed.id: HANDED}, owner="ours/1", now=NOW + SECOND)
    message = await do(store.find_message, claimed.id)
    assert (message.state, message.last_error) == (State.HANDED_OVER, "")


async def test_the_messages_of_ended_challenges_are_withdrawn_alone(do):
    names = ("used", "superseded", "live", "sent")
    for name in names:
        await do(store.enqueue, a_message(name))
    sent = a_message("sent")
    await do(store.claim, OURS, now=NOW, most=9)
    await do(store.settle, {sent.id: HANDED}, owner="ours/1", now=NOW)
    ended = [a_message(name).challenge_id for name in ("used", "superseded", "sent", "unknown")]
    withdrawn = await do(store.withdraw_of_challenges, ended, reason="superseded", now=NOW)
    assert withdrawn == 2
    states = {name: (await do(store.find_message, a_message(name).id)).state for name in names}
    assert states == {
        "used": State.SUPPRESSED,
        "superseded": State.SUPPRESSED,
        "live": State.QUEUED,
        "sent": State.HANDED_OVER,
    }


async def test_a_dead_predecessor_s_claims_are_free_at_once(do):
    for name, owner in (("a", "serve@here/1"), ("b", "serve@here/2"), ("c", "worker@here/3")):
        await held(do, Lease(owner, OURS.until), name=name)
    assert await do(store.release_claims, "serve@here/", NOW) == 2
    claimed = await do(store.claim, OURS, now=NOW, most=9)
    assert {message.challenge_id for message in claimed} == {"challenge-a", "challenge-b"}


async def test_wildcards_in_a_prefix_mean_themselves(do):
    await held(do, Lease("serve@here/1", OURS.until))
    assert await do(store.release_claims, "%", NOW) == 0
    assert await do(store.release_claims, "serve_", NOW) == 0


async def test_the_outbox_tells_when_and_since_when(do):
    assert await do(store.next_due) is None
    assert await do(store.backlog, 9) == store.Backlog(0, None)
    await do(store.enqueue, a_message("one", created_at=NOW - SECOND, due_at=NOW + SECOND))
    await do(store.enqueue, a_message("two", created_at=NOW, due_at=NOW + 2 * SECOND))
    assert await do(store.next_due) == NOW + SECOND
    assert await do(store.backlog, 9) == store.Backlog(2, NOW - SECOND)
    assert await do(store.backlog, 1) == store.Backlog(1, NOW - SECOND)


async def test_the_newest_messages_to_somebody(do):
    for number in range(4):
        await do(store.enqueue, a_message(str(number), created_at=NOW + number * SECOND))
    await do(store.enqueue, a_message("other", recipient="bob@example.com"))
    recent = await do(store.list_recent, "alice@example.com", most=3)
    assert [message.challenge_id for message in recent] == [
        "challenge-3",
        "challenge-2",
        "challenge-1",
    ]


async def test_how_the_newest_real_message_of_a_channel_fares(do):
    assert await do(store.newest_state, Channel.EMAIL, NOW) is None
    for number, name in enumerate(("deferred", "decoy", "withdrawn", "later")):
        message = a_message(name, decoy=name == "decoy", created_at=NOW + number * SECOND)
        await do(store.enqueue, replace(message, recipient=f"{name}@example.com"))
    await do(store.enqueue, a_message("sms", channel=Channel.SMS, created_at=NOW + SECOND))
    await do(store.claim, OURS, now=NOW, most=9)
    deferred = a_message("deferred").id
    await do(store.retry, deferred, owner="ours/1", due_at=NOW + SECOND, last_error="451 later")
    await do(store.withdraw, "withdrawn@example.com", reason="voided", now=NOW)
    before = NOW + 2 * SECOND
    fate = await do(store.newest_state, Channel.EMAIL, before)
    assert fate == Fate(State.QUEUED, "451 later", NOW)
    fate = await do(store.newest_state, Channel.SMS, before)
    assert fate == Fate(State.QUEUED, "", NOW + SECOND)
    assert await do(store.newest_state, Channel.EMAIL, NOW - SECOND) is None


async def test_old_settled_messages_are_forgotten_in_small_batches(do):
    for number in range(5):
        claimed = await held(do, name=f"old-{number}")
        await do(store.settle, {claimed.id: HANDED}, owner="ours/1", now=NOW)
    fresh = await held(do, name="fresh", created_at=NOW + 5 * SECOND)
    await do(store.settle, {fresh.id: HANDED}, owner="ours/1", now=NOW + 5 * SECOND)
    await do(store.enqueue, a_message("queued", created_at=NOW - 999 * SECOND))
    before = NOW + SECOND
    assert await do(store.purge_settled, before=before, most=3) == 3
    assert await do(store.purge_settled, before=before, most=3) == 2
    assert await do(store.purge_settled, before=before, most=3) == 0
    assert await do(store.find_message, fresh.id) is not None
    assert await do(store.backlog, 9) == store.Backlog(1, NOW - 999 * SECOND)
