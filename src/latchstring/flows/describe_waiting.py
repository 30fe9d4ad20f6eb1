"""What a waiting sign-in page may know: how long its code is, and what became of the message."""

from dataclasses import dataclass
from datetime import datetime

from latchstring.base.clock import Clock
from latchstring.base.ids import AuthorizationId, IdentifierDigest
from latchstring.db.database import Database, Transaction
from latchstring.domain.challenges import store as challenges
from latchstring.domain.challenges.challenge import Challenge
from latchstring.domain.delivery import store as delivery
from latchstring.domain.delivery.message import Message


@dataclass(frozen=True, slots=True)
class Waiting:
    """The newest challenge of the page, the lengths of live codes, and the message's row."""

    challenge: Challenge
    live_lengths: frozenset[int]
    message: Message | None
    now: datetime


@dataclass(frozen=True, slots=True)
class DescribeWaiting:
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
        return Waiting(challenge, frozenset(lengths), message, now)
