"""Check a code and leave it as it is: whoever asks will bring it again.

A wrong one counts exactly as where codes are redeemed, so that nobody guesses here for free.
"""

import msgspec

from latchstring.base.errors import AppError
from latchstring.db.database import Transaction, Undone
from latchstring.domain.challenges.challenge import Challenge
from latchstring.domain.identities import store as identities
from latchstring.domain.limits.limit import Exhausted
from latchstring.flows.verify_passwordless import (
    Refused,
    VerifyPasswordless,
    VerifyRequest,
    error_of,
)


class CheckCode(msgspec.Struct, frozen=True):
    """Says of a code whether it would be taken."""

    verify: VerifyPasswordless

    async def __call__(self, request: VerifyRequest) -> None:
        """Raise ``WrongCode``, ``CodeExpired``, ``TooManyTries`` or ``TooManyRequests``."""
        outcome = await self.verify.database.transact(lambda tx: self._check(tx, request))
        if not isinstance(outcome, Challenge):
            raise error_of(outcome)

    async def _check(
        self, tx: Transaction, request: VerifyRequest
    ) -> Challenge | Refused | Exhausted | Undone[AppError]:
        standing = await identities.find_standing(tx, request.identifier.digest)
        now = self.verify.clock.now()
        return await self.verify.compare(tx, request, standing, now=now)
