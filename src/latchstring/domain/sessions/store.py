"""Sessions in the database."""

from datetime import datetime

from latchstring.base.ids import ClientId, SessionId, UserId
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.sessions.session import Session, SignedInTo

SQL = statements.load(__package__)


async def insert_session(tx: Transaction, session: Session) -> None:
    """Keep a new session."""
    await tx.run(SQL["insert_session"], records.values_of(session))


async def find_session(tx: Transaction, session_id: SessionId) -> Session | None:
    """Return the session, living or over, unless its user is blocked or gone."""
    return await tx.one(SQL["find_session"], Session, {"id": session_id})


async def find_owner(tx: Transaction, session_id: SessionId) -> UserId | None:
    """Return whose session it is or was."""
    found = await tx.one(SQL["find_owner"], str, {"id": session_id})
    return None if found is None else UserId(found)


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


async def note_client(tx: Transaction, session_id: SessionId, client_id: ClientId) -> bool:
    """Remember an application that wants to hear of the session's end; false: it is over.

    For a user whom ``tx`` holds: whoever ends the session holds the user alone.
    """
    values = {"session_id": session_id, "client_id": client_id}
    return await tx.run(SQL["note_client"], values) == 1


async def carry_clients(tx: Transaction, from_id: SessionId, to: Session) -> int:
    """Let the same person's next session end what an earlier one would have ended."""
    values = {"from_id": from_id, "to_id": to.id, "ends_at": to.ends_at}
    return await tx.run(SQL["carry_clients"], values)


async def take_clients(tx: Transaction, session_id: SessionId) -> list[SignedInTo]:
    """Return the applications to tell of a session that this transaction ended; once."""
    return await tx.all(SQL["take_clients"], SignedInTo, {"session_id": session_id})


async def take_clients_of(tx: Transaction, user_id: UserId) -> list[SignedInTo]:
    """Return the same for all sessions of a user that are over."""
    return await tx.all(SQL["take_clients_of"], SignedInTo, {"user_id": user_id})


async def drop_clients(tx: Transaction) -> int:
    """Forget whom to tell; answer how much that was."""
    return await tx.run(SQL["drop_clients"], {})


async def purge_clients(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of what belongs to sessions long over; answer how many rows went."""
    return await tx.run(SQL["purge_clients"], {"before": before, "count": count})


async def drop_unended_sessions(tx: Transaction) -> int:
    """Forget every session that was not ended, which ends it; answer how many there were."""
    return await tx.run(SQL["drop_unended_sessions"], {})


async def purge(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of sessions that are long over; answer how many went."""
    return await tx.run(SQL["purge_sessions"], {"before": before, "count": count})
