"""The session that tokens are about to be issued from, as long as it lives."""

from datetime import datetime

from latchstring.base.ids import ClientId, SessionId
from latchstring.db.database import Transaction
from latchstring.domain.sessions import store as sessions


async def is_live(
    tx: Transaction,
    session_id: SessionId,
    client_id: ClientId,
    *,
    hears_logout: bool,
    now: datetime,
) -> bool:
    """Tell whether the person is still signed in; signing out ends what is on its way too.

    The caller holds the user. An application that wants to hear of the session's end is noted in
    the same breath: it gets its tokens and is told later, or gets none.
    """
    session = await sessions.find_session(tx, session_id)
    if session is None or not session.is_live(now):
        return False
    return not hears_logout or await sessions.note_client(tx, session_id, client_id)
