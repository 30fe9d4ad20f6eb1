"""End all that was live, once the database may have forgotten the newest commits.

A restored backup does not know which codes were used after it was taken, nor which tokens were
revoked and who signed out; a standby that took over may miss the last moments of the same. Whoever
kept such a code or token could use it again. So none of them is good any more, and everybody
signs in once more. What only slows attackers down, limits and budgets, stays as it is.

A clock that went back has the same effect: what had expired would be good again.
"""

from enum import StrEnum

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.origin import NOWHERE
from latchstring.db.database import Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import EverythingEnded
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.challenges import store as challenges
from latchstring.domain.delivery import store as delivery
from latchstring.domain.devices import store as devices
from latchstring.domain.registrations import store as registrations
from latchstring.domain.sessions import store as sessions
from latchstring.domain.tickets import store as tickets
from latchstring.domain.tokens import store as tokens


class Reason(StrEnum):
    """Why; also what a message that is never sent tells as its reason."""

    RESTORED = "restored from a backup"
    FAILED_OVER = "another database server took over"
    CLOCK_WENT_BACK = "the database's clock went back"


class EndWhatWasLive(msgspec.Struct, frozen=True):
    """Ends challenges, messages, requests, codes, devices, tokens and sessions, at once."""

    clock: Clock

    async def __call__(self, tx: Transaction, reason: Reason) -> EverythingEnded:
        """End it all in the transaction that makes it necessary; return how much there was.

        Nothing is spared for having expired: the clock that says so may be wrong. What there may
        be millions of is dropped rather than marked, since everybody waits for this.
        """
        now = self.clock.now()
        await tickets.drop_tickets(tx)
        await registrations.end_all_tokens(tx)
        ended = EverythingEnded(
            reason=reason,
            challenges=await challenges.void_all(tx, now),
            messages=await delivery.withdraw_all(tx, reason=reason, now=now),
            requests=await authorizations.complete_all_requests(tx, now),
            codes=await authorizations.drop_unspent_codes(tx),
            devices=await devices.drop_undelivered(tx),
            tokens=await tokens.drop_unrevoked(tx),
            sessions=await sessions.drop_unended_sessions(tx),
        )
        # Nobody signed out: applications keep their own sessions, and there may be millions.
        await sessions.drop_clients(tx)
        await audit.record(tx, ended, NOWHERE, now=now)
        return ended
