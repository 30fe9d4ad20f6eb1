"""What a waiting sign-in page may know: how long its code is, and what became of the message."""

from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import AuthorizationId, IdentifierDigest
from latchstring.db.database import Database, Transaction
from latchstring.domain.challenges import store as challenges
from latchstring.domain.challenges.challenge import Challenge
from latchstring.domain.delivery import store as delivery
from latchstring.domain.delivery.message import Message, State
from latchstring.domain.delivery.store import Fate


class Waiting(msgspec.Struct, frozen=True):
    """The newest challenge of the page, the lengths of live codes, and the message's row."""

    challenge: Challenge
    live_lengths: frozenset[int]
    fate: Fate | None
    """What became of the message; for a decoy, what became of the others."""

    now: datetime


class DescribeWaiting(msgspec.Struct, frozen=True):
    """Reads; changes nothing."""

    database: Database
    clock: Clock

    async def __call__(
        self, digest: IdentifierDigest, authorization_id: AuthorizationId
    ) -> Waiting | None:
        """Return it, or nothing where the page caused no challenge (or long ago)."""
        return await self.database.read(lambda tx: self._read(tx, digest, authorization_id))

    async def _read(
        self, tx: Transaction, digest: IdentifierDigest, authorization_id: AuthorizationId
    ) -> Waiting | None:
        challenge = await challenges.newest_of_authorization(tx, digest, authorization_id)
        if challenge is None:
            return None
        now = self.clock.now()
        lengths = await challenges.live_lengths(tx, digest, now)
        message = await delivery.find_for_challenge(tx, challenge.id)
        fate = await _fate(tx, message) if message else None
        return Waiting(challenge, frozenset(lengths), fate, now)


async def _fate(tx: Transaction, message: Message) -> Fate:
    if not message.decoy:
        return Fate(message.state, message.last_error, message.created_at)
    # Its own would tell that nothing was sent; so it meets what the others meet. Only that
    # somebody's address was refused is about that address alone.
    others = await delivery.newest_state(tx, message.channel, message.created_at)
    if others is None or others.state in (State.FAILED, State.EXPIRED):
        return Fate(State.HANDED_OVER, "", message.created_at)
    return Fate(others.state, others.last_error, message.created_at)
