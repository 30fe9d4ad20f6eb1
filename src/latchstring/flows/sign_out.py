"""Sign a browser out."""

from collections.abc import Callable

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.origin import Origin
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import SessionEnded
from latchstring.domain.sessions.session import Session
from latchstring.flows.end_sessions import end_session, nobody


class SignOut(msgspec.Struct, frozen=True):
    """Ends this browser's session on the server, at once."""

    database: Database
    clock: Clock
    wake: Callable[[], None] = nobody
    """Called once it is durable, for whoever tells the applications."""

    async def __call__(self, session: Session, origin: Origin) -> None:
        """End it; ending it twice does no harm and is recorded once."""
        await self.database.transact(lambda tx: self._end(tx, session, origin))
        self.wake()

    async def _end(self, tx: Transaction, session: Session, origin: Origin) -> None:
        now = self.clock.now()
        if await end_session(tx, session, now):
            ended = SessionEnded(user_id=session.user_id, session_id=session.id)
            await audit.record(tx, ended, origin, now=now)
