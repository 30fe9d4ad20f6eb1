"""End sessions, and leave word for every application that wants to hear of it.

Each function works inside its caller's transaction: the session is over and the notices are
written, or neither. The user is held alone meanwhile: whoever issues tokens holds the user too, so
each application is noted before the session ends, or finds it over.
"""

from collections.abc import Sequence
from datetime import datetime

from latchstring.base.ids import SessionId, UserId
from latchstring.db.database import Transaction
from latchstring.domain.identities import store as identities
from latchstring.domain.notices import store as notices
from latchstring.domain.notices.notice import notice_of
from latchstring.domain.sessions import store as sessions
from latchstring.domain.sessions.session import Session, SignedInTo


def nobody() -> None:
    """Wake nobody: whoever tells the applications looks for himself."""


async def end_session(tx: Transaction, session: Session, now: datetime) -> bool:
    """End one; answer whether it was this call that did."""
    await identities.hold_user_alone(tx, session.user_id)
    return await _end(tx, session.id, now)


async def _end(tx: Transaction, session_id: SessionId, now: datetime) -> bool:
    if not await sessions.end_session(tx, session_id, now):
        return False
    await _leave_word(tx, await sessions.take_clients(tx, session_id), now)
    return True


async def end_sessions_of(tx: Transaction, user_id: UserId, now: datetime) -> int:
    """End every session of a user; answer how many there were."""
    await identities.hold_user_alone(tx, user_id)
    ended = await sessions.end_sessions_of(tx, user_id, now)
    await _leave_word(tx, await sessions.take_clients_of(tx, user_id), now)
    return ended


async def replace_session(
    tx: Transaction, earlier_id: SessionId, session: Session, now: datetime
) -> None:
    """End this browser's earlier session for a new one.

    The same person only proved again who they are, so no application signs them out; the new
    session tells them when it ends. Somebody else has taken over: they are told now.
    """
    owner = await sessions.find_owner(tx, earlier_id)
    if owner is None:
        return
    await identities.hold_user_alone(tx, owner)
    if owner != session.user_id:
        await _end(tx, earlier_id, now)
    elif await sessions.end_session(tx, earlier_id, now):
        await sessions.carry_clients(tx, earlier_id, session)


async def _leave_word(tx: Transaction, signed_in_to: Sequence[SignedInTo], now: datetime) -> None:
    found = [notice_of(it.client_id, it.sid, it.user_id, now=now) for it in signed_in_to]
    await notices.enqueue(tx, found)
