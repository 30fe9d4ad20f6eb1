"""Issue the authorization code that answers a request."""

from datetime import datetime, timedelta

from latchstring.db.database import Transaction
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.code import Terms, issue
from latchstring.domain.authorizations.request import AuthorizationRequest, Proof
from latchstring.domain.sessions.session import Session


async def issue_code(
    tx: Transaction,
    request: AuthorizationRequest,
    session: Session,
    *,
    lifetime: timedelta,
    now: datetime,
) -> str:
    """Return a code that tells the request's application who this session belongs to."""
    terms = Terms(
        client_id=request.client_id,
        redirect_uri=request.redirect_uri,
        user_id=session.user_id,
        session_id=session.id,
        scope=request.scope,
        nonce=request.nonce,
        code_challenge=request.code_challenge,
        auth_time=session.authenticated_at,
        amr=session.amr,
        audience=request.audience,
        claims=request.claims,
    )
    code, row = issue(terms, lifetime=lifetime, now=now)
    await authorizations.insert_code(tx, row)
    return code


def proof_of(session: Session) -> Proof:
    """Return a session in the authorizations' words."""
    return Proof(
        session_id=session.id,
        connection=session.connection,
        identifier=session.identifier,
        authenticated_at=session.authenticated_at,
    )
