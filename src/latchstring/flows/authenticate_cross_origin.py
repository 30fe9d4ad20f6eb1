"""Give a page of an application a login ticket for a right code.

The code is spent and the ticket written in one transaction: a crash between the two would take a
person's code and give nothing for it.
"""

import msgspec

from latchstring.base.errors import AppError
from latchstring.db.database import Transaction, Undone
from latchstring.domain.limits.limit import Exhausted
from latchstring.domain.tickets import store as tickets
from latchstring.domain.tickets.ticket import Issued, Proven, issue
from latchstring.flows.accept_challenge import VerifiedUser
from latchstring.flows.verify_passwordless import (
    Refused,
    VerifyPasswordless,
    VerifyRequest,
    error_of,
)


class AuthenticateCrossOrigin(msgspec.Struct, frozen=True):
    """A ticket for a right code; exactly one of many racing right answers gets one."""

    verify: VerifyPasswordless

    async def __call__(self, request: VerifyRequest, cookie: str) -> Issued:
        """Return a ticket for the browser that gets the cookie.

        Raises ``WrongCode``, ``CodeExpired``, ``TooManyTries`` or ``TooManyRequests``.
        """
        database = self.verify.database
        outcome = await database.transact(lambda tx: self._decide(tx, request, cookie))
        if not isinstance(outcome, Issued):
            raise error_of(outcome)
        return outcome

    async def _decide(
        self, tx: Transaction, request: VerifyRequest, cookie: str
    ) -> Issued | Refused | Exhausted | Undone[AppError]:
        outcome = await self.verify.decide(tx, request)
        if not isinstance(outcome, VerifiedUser):
            return outcome
        proven = Proven(
            client_id=request.client_id,
            user_id=outcome.user_id,
            connection=outcome.identifier.connection,
            identifier=outcome.identifier.value,
            amr=outcome.amr,
            authenticated_at=outcome.at,
        )
        issued = issue(proven, cookie, now=outcome.at)
        await tickets.insert_ticket(tx, issued.row)
        return issued
