"""Sign a browser in: always a new session id, never one that was there before (fixation)."""

from datetime import datetime

import msgspec

from latchstring.base.ids import AuthorizationId, ClientId, UserId
from latchstring.base.origin import Origin
from latchstring.base.secrets import random_token
from latchstring.db.database import Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import SessionOpened
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.identities.identifier import Identifier
from latchstring.domain.sessions import store as sessions
from latchstring.domain.sessions.session import Lifetime, Session, open_session, session_id_of
from latchstring.flows.end_sessions import replace_session


class SessionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is to be signed in, and the cookie it came with."""

    identifier: Identifier
    client_id: ClientId
    origin: Origin
    previous_token: str | None = None
    authorization_id: AuthorizationId | None = None
    """The hosted sign-in of this browser that the session answers."""

    authenticated_at: datetime | None = None
    """When the person proved it, if that was before now."""


class Opened(msgspec.Struct, frozen=True):
    """A new session and the token for its cookie; the token is nowhere else."""

    session: Session
    token: str


class OpenSession(msgspec.Struct, frozen=True):
    """Opens a session inside the caller's transaction; the browser's earlier one ends with it."""

    lifetime: Lifetime

    async def __call__(
        self,
        tx: Transaction,
        request: SessionRequest,
        user_id: UserId,
        amr: tuple[str, ...],
        *,
        now: datetime,
    ) -> Opened:
        """Return the session and its token."""
        token = random_token()
        session = open_session(
            token=token,
            user_id=user_id,
            connection=request.identifier.connection,
            identifier=request.identifier.value,
            amr=amr,
            lifetime=self.lifetime,
            now=now,
        )
        if request.authenticated_at is not None:
            at = request.authenticated_at
            session = msgspec.structs.replace(session, authenticated_at=at)
        await sessions.insert_session(tx, session)
        if request.authorization_id is not None:
            await authorizations.note_session(tx, request.authorization_id, session.id)
        if request.previous_token:
            await replace_session(tx, session_id_of(request.previous_token), session, now)
        opened = SessionOpened(user_id=user_id, session_id=session.id, client_id=request.client_id)
        await audit.record(tx, opened, request.origin, now=now)
        return Opened(session, token)
