"""Authorization requests and codes in the database. Single use lives in the statements."""

from datetime import datetime

from latchstring.base.ids import AuthorizationId, ClientId, SessionId, UserId
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.authorizations.code import AuthorizationCode
from latchstring.domain.authorizations.consent import Consent
from latchstring.domain.authorizations.pushed import PushedRequest
from latchstring.domain.authorizations.request import AuthorizationRequest, Start

SQL = statements.load(__package__)


async def insert_request(tx: Transaction, request: AuthorizationRequest) -> None:
    """Keep a request until its person has signed in."""
    await tx.run(SQL["insert_request"], records.values_of(request))


async def find_request(
    tx: Transaction, request_id: AuthorizationId, browser_digest: str
) -> AuthorizationRequest | None:
    """Return a request, pending or over, if it is this browser's."""
    values = {"id": request_id, "browser_digest": browser_digest}
    return await tx.one(SQL["find_request"], AuthorizationRequest, values)


async def note_start(tx: Transaction, start: Start, now: datetime) -> bool:
    """Remember whom the person said they are; answer whether this start is the one that counts."""
    return await tx.run(SQL["note_start"], records.values_of(start) | {"now": now}) == 1


async def note_session(tx: Transaction, request_id: AuthorizationId, session_id: SessionId) -> None:
    """Remember the session that was opened for this request."""
    await tx.run(SQL["note_session"], {"id": request_id, "session_id": session_id})


async def note_choice(tx: Transaction, request_id: AuthorizationId, now: datetime) -> None:
    """Remember that the person chose among their accounts."""
    await tx.run(SQL["note_choice"], {"id": request_id, "now": now})


async def note_consent(
    tx: Transaction, request_id: AuthorizationId, user_id: UserId, now: datetime
) -> bool:
    """Remember that this user agreed; answer false for a request that is over or was refused."""
    values = {"id": request_id, "user_id": user_id, "now": now}
    return await tx.run(SQL["note_consent"], values) == 1


async def note_refusal(tx: Transaction, request_id: AuthorizationId, now: datetime) -> None:
    """Remember that the person said no."""
    await tx.run(SQL["note_refusal"], {"id": request_id, "now": now})


async def complete_request(tx: Transaction, request_id: AuthorizationId, now: datetime) -> bool:
    """Take the one answer a request has; of racing callers one gets it."""
    return await tx.run(SQL["complete_request"], {"id": request_id, "now": now}) == 1


async def complete_all_requests(tx: Transaction, now: datetime) -> int:
    """Close every request that waits for its answer, or was only pushed; answer how many waited."""
    await tx.run(SQL["drop_pushed_requests"], {})
    return await tx.run(SQL["complete_all_requests"], {"now": now})


async def insert_code(tx: Transaction, code: AuthorizationCode) -> None:
    """Keep a new code."""
    await tx.run(SQL["insert_code"], records.values_of(code))


async def spend_code(tx: Transaction, code_digest: str, now: datetime) -> AuthorizationCode | None:
    """Use a code up and return it; of racing callers one gets it, and nobody later."""
    values = {"code_digest": code_digest, "now": now}
    return await tx.one(SQL["spend_code"], AuthorizationCode, values)


async def drop_unspent_codes(tx: Transaction) -> int:
    """Forget every code that could still be used; answer how many there were."""
    return await tx.run(SQL["drop_unspent_codes"], {})


async def find_code(tx: Transaction, code_digest: str) -> AuthorizationCode | None:
    """Return a code, spent or not."""
    return await tx.one(SQL["find_code"], AuthorizationCode, {"code_digest": code_digest})


async def purge_requests(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of requests that expired before then; answer how many went."""
    return await tx.run(SQL["purge_requests"], {"before": before, "count": count})


async def purge_codes(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of codes that expired before then; answer how many went."""
    return await tx.run(SQL["purge_codes"], {"before": before, "count": count})


async def insert_pushed_request(tx: Transaction, request: PushedRequest) -> None:
    """Keep a request until a browser brings its ``request_uri``."""
    await tx.run(SQL["insert_pushed_request"], records.values_of(request))


async def spend_pushed_request(
    tx: Transaction, uri_digest: str, client_id: ClientId, now: datetime
) -> PushedRequest | None:
    """Use a pushed request of this client up and return it; of racing callers one gets it."""
    values = {"uri_digest": uri_digest, "client_id": client_id, "now": now}
    return await tx.one(SQL["spend_pushed_request"], PushedRequest, values)


async def purge_pushed_requests(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of pushed requests that expired before then; answer how many went."""
    return await tx.run(SQL["purge_pushed_requests"], {"before": before, "count": count})


async def insert_consent(tx: Transaction, consent: Consent) -> None:
    """Keep what a person granted; what they granted before stays as it was."""
    await tx.run(SQL["insert_consent"], records.values_of(consent))


async def scopes_consented(
    tx: Transaction, user_id: UserId, client_id: ClientId, audience: str
) -> frozenset[str]:
    """Return the scopes that a person granted an application for one audience."""
    values = {"user_id": user_id, "client_id": client_id, "audience": audience}
    return frozenset(await tx.all(SQL["scopes_consented"], str, values))


async def consents_of(tx: Transaction, user_id: UserId) -> list[Consent]:
    """Return all that a person granted."""
    return await tx.all(SQL["consents_of"], Consent, {"user_id": user_id})


async def withdraw_consents(tx: Transaction, user_id: UserId, client_id: ClientId) -> int:
    """Take back what a person granted an application; answer how many scopes that were."""
    values = {"user_id": user_id, "client_id": client_id}
    return await tx.run(SQL["withdraw_consents"], values)


async def forget_consents_of_user(tx: Transaction, user_id: UserId) -> None:
    """Forget what a user granted who is gone."""
    await tx.run(SQL["forget_consents_of_user"], {"user_id": user_id})


async def forget_consents_to_client(tx: Transaction, client_id: ClientId) -> None:
    """Forget what a removed application was granted."""
    await tx.run(SQL["forget_consents_to_client"], {"client_id": client_id})
