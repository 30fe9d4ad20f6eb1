"""Sign a person out everywhere: every browser, every application, every token."""

from collections.abc import Callable

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import UserId
from latchstring.base.origin import Origin
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import SignedOutEverywhere
from latchstring.domain.identities import store as identities
from latchstring.domain.tickets import store as tickets
from latchstring.domain.tokens import store as tokens
from latchstring.flows.end_sessions import end_sessions_of, nobody

THEMSELVES = "themselves"


class SignOutEverywhere(msgspec.Struct, frozen=True):
    """Ends all sessions and tokens of a user, for whoever lost a phone; the account stays."""

    database: Database
    clock: Clock
    wake: Callable[[], None] = nobody

    async def __call__(self, user_id: UserId, origin: Origin) -> int:
        """End it all and return how many sessions that were; doing it twice does no harm."""
        ended = await self.database.transact(
            lambda tx: end_everywhere(tx, user_id, clock=self.clock, origin=origin, by=THEMSELVES)
        )
        self.wake()
        return ended


async def end_everywhere(
    tx: Transaction, user_id: UserId, *, clock: Clock, origin: Origin, by: str
) -> int:
    """End all that a user could still do, and leave word for the applications.

    The user is held first, as whoever held the user may have given out a session or a token.
    """
    now = clock.now()
    await identities.hold_user_alone(tx, user_id)
    await tickets.drop_tickets_of(tx, user_id)
    ended = await end_sessions_of(tx, user_id, now)
    await tokens.revoke_of_user(tx, user_id, now)
    await identities.forget_browsers(tx, user_id, now)
    event = SignedOutEverywhere(user_id=user_id, sessions=ended, by=by)
    await audit.record(tx, event, origin, now=now)
    return ended
