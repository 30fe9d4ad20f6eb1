"""Find the session of a browser, and keep it from idling out while it is used."""

from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.db.database import Database, Transaction
from latchstring.domain.sessions import store as sessions
from latchstring.domain.sessions.session import Lifetime, Session, session_id_of


class FindSession(msgspec.Struct, frozen=True):
    """The living session of a cookie's token, or nothing; anything malformed is nothing."""

    database: Database
    clock: Clock
    lifetime: Lifetime

    async def __call__(self, token: str | None) -> Session | None:
        """Return the session if the browser is signed in and its user is not shut out."""
        if not token:
            return None
        session_id = session_id_of(token)
        session = await self.database.read(lambda tx: sessions.find_session(tx, session_id))
        now = self.clock.now()
        if session is None or not session.is_live(now):
            return None
        if session.wants_touch(now):
            await self.database.transact(lambda tx: self._touch(tx, session, now))
        return session

    async def _touch(self, tx: Transaction, session: Session, now: datetime) -> None:
        idle_ends_at = now + self.lifetime.idle
        await sessions.touch_session(tx, session.id, idle_ends_at=idle_ends_at, now=now)
