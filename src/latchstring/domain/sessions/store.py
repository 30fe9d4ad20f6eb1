"""Sessions in the database."""

from datetime import datetime

from latchstring.base.ids import SessionId, UserId
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.sessions.session import Session

SQL = statements.load(__package__)


async def insert_session(tx: Transaction, session: Session) -> None:
    """Keep a new session."""
    await tx.run(SQL["insert_session"], records.values_of(session))


async def find_session(tx: Transaction, session_id: SessionId) -> Session | None:
    """Return the session, living or over, unless its user is blocked or gone."""
    return await tx.one(SQL["find_session"], Session, {"id": session_id})


async def touch_session(
    tx: Transaction, session_id: SessionId, *, idle_ends_at: datetime, now: datetime
) -> None:
    """Remember that the browser was seen."""
    values = {"id": session_id, "idle_ends_at": idle_ends_at, "now": now}
    await tx.run(SQL["touch_session"], values)


async def end_session(tx: Transaction, session_id: SessionId, now: datetime) -> bool:
    """End a session; answer whether it was this call that did."""
    return await tx.run(SQL["end_session"], {"id": session_id, "now": now}) == 1


async def end_sessions_of(tx: Transaction, user_id: UserId, now: datetime) -> int:
    """End every session of a user; answer how many there were."""
    return await tx.run(SQL["end_sessions_of"], {"user_id": user_id, "now": now})


async def drop_unended_sessions(tx: Transaction) -> int:
    """Forget every session that was not ended, which ends it; answer how many there were."""
    return await tx.run(SQL["drop_unended_sessions"], {})


async def purge(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of sessions that are long over; answer how many went."""
    return await tx.run(SQL["purge_sessions"], {"before": before, "count": count})
