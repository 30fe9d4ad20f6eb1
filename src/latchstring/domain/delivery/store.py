"""The outbox in the database. Who may send a message is decided by these statements alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from latchstring.base.ids import ChallengeId, MessageId
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.delivery.message import Channel, Message, State, message_id_for
from latchstring.domain.delivery.verdict import Settlement

SQL = statements.load(__package__)


class Lease(msgspec.Struct, frozen=True):
    """Somebody's right to send, good until a moment."""

    owner: str
    until: datetime
    began: float = 0.0
    """When it began, on the holder's steady clock."""


class Fate(msgspec.Struct, frozen=True):
    """What has become of a message so far."""

    state: State
    last_error: str
    created_at: datetime


async def enqueue(tx: Transaction, message: Message) -> None:
    """Add a message to the outbox in the transaction of its challenge: due at once, or leased."""
    await tx.run(SQL["enqueue"], records.values_of(message))


async def claim(tx: Transaction, lease: Lease, *, now: datetime, most: int) -> list[Message]:
    """Take up to so many messages that are due, each counted as an attempt."""
    values = {"owner": lease.owner, "leased_until": lease.until, "now": now, "most": most}
    return await tx.all(SQL["claim"], Message, values)


async def renew(tx: Transaction, message_id: MessageId, lease: Lease) -> bool:
    """Hold on to a message; answer whether it was still ours to hold."""
    values = {"id": message_id, "owner": lease.owner, "leased_until": lease.until}
    return await tx.run(SQL["renew"], values) == 1


async def put_back(tx: Transaction, message_id: MessageId, *, owner: str, due_at: datetime) -> bool:
    """Let go of a message that was not tried after all; answer whether it was ours."""
    values = {"id": message_id, "owner": owner, "due_at": due_at}
    return await tx.run(SQL["put_back"], values) == 1


async def retry(
    tx: Transaction, message_id: MessageId, *, owner: str, due_at: datetime, last_error: str
) -> bool:
    """Let go of a message until its next attempt; answer whether it was ours."""
    values = {"id": message_id, "owner": owner, "due_at": due_at, "last_error": last_error}
    return await tx.run(SQL["retry"], values) == 1


async def settle(
    tx: Transaction,
    settlements: Mapping[MessageId, Settlement],
    *,
    owner: str,
    now: datetime,
) -> set[MessageId]:
    """Bring messages to their ends; return those that were ours to end."""
    values = [
        {"id": message_id, "owner": owner, "now": now, **records.values_of(settlements[message_id])}
        # In one order everywhere, so that two who settle the same messages wait in line.
        for message_id in sorted(settlements)
    ]
    return {MessageId(found) for found in await tx.each(SQL["settle"], str, values)}


async def withdraw(tx: Transaction, recipient: str, *, reason: str, now: datetime) -> int:
    """Take back a recipient's unsent messages, whose codes were ended; answer how many.

    One that is being sent at this moment may still arrive, and is then told as handed over.
    """
    values = {"recipient": recipient, "reason": reason, "now": now}
    return await tx.run(SQL["withdraw"], values)


async def withdraw_of_challenges(
    tx: Transaction, challenge_ids: Sequence[ChallengeId], *, reason: str, now: datetime
) -> int:
    """Take back the unsent messages of a few challenges that were ended; answer how many."""
    withdrawn = 0
    for challenge_id in challenge_ids:
        values = {"id": message_id_for(challenge_id), "reason": reason, "now": now}
        withdrawn += await tx.run(SQL["withdraw_one"], values)
    return withdrawn


async def withdraw_all(tx: Transaction, *, reason: str, now: datetime) -> int:
    """Take back everything that was not sent yet; answer how many messages those were."""
    return await tx.run(SQL["withdraw_all"], {"reason": reason, "now": now})


async def release_claims(tx: Transaction, owner_prefix: str, now: datetime) -> int:
    """Make due at once what dead owners of this prefix held; answer how many those were."""
    return await tx.run(SQL["release_claims"], {"prefix": owner_prefix, "now": now})


async def next_due(tx: Transaction) -> datetime | None:
    """Return when the outbox wants to be looked at next; nothing while it is empty."""
    return await tx.one(SQL["next_due"], datetime, {})


class Backlog(msgspec.Struct, frozen=True):
    """What waits in the outbox."""

    queued: int
    oldest: datetime | None


async def backlog(tx: Transaction, most: int) -> Backlog:
    """Return how many messages wait, counting up to ``most``, and since when the oldest does."""
    return await tx.one(SQL["backlog"], Backlog, {"most": most}) or Backlog(0, None)


async def find_message(tx: Transaction, message_id: MessageId) -> Message | None:
    """Return a message by its id."""
    return await tx.one(SQL["find_message"], Message, {"id": message_id})


async def find_for_challenge(tx: Transaction, challenge_id: ChallengeId) -> Message | None:
    """Return the message that tells of a challenge."""
    return await find_message(tx, message_id_for(challenge_id))


async def newest_state(tx: Transaction, channel: Channel, before: datetime) -> Fate | None:
    """Return how the channel's newest message up to a moment fares; nothing: there was none.

    A page that waits for a decoy tells this, so that it looks like everybody else's when the
    relay makes everybody wait.
    """
    return await tx.one(SQL["newest_state"], Fate, {"channel": channel, "before": before})


async def list_recent(tx: Transaction, recipient: str, *, most: int = 20) -> list[Message]:
    """Return the newest messages to a recipient, newest first."""
    return await tx.all(SQL["list_recent"], Message, {"recipient": recipient, "most": most})


async def purge_settled(tx: Transaction, *, before: datetime, most: int = 500) -> int:
    """Forget a small batch of messages settled before a moment; answer how many those were."""
    return await tx.run(SQL["purge_settled"], {"before": before, "most": most})
