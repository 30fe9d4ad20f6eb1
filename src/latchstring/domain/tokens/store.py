"""Access tokens in the database."""

from datetime import datetime

from latchstring.base.ids import ClientId, UserId
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.tokens.access import AccessToken

SQL = statements.load(__package__)


async def insert_access_token(tx: Transaction, token: AccessToken) -> None:
    """Keep a new token."""
    await tx.run(SQL["insert_access_token"], records.values_of(token))


async def find_access_token(tx: Transaction, token_digest: str) -> AccessToken | None:
    """Return a token, live or not."""
    return await tx.one(SQL["find_access_token"], AccessToken, {"token_digest": token_digest})


async def revoke_of_code(tx: Transaction, code_digest: str, now: datetime) -> int:
    """End what an authorization code gave; answer how many tokens that ended."""
    return await tx.run(SQL["revoke_of_code"], {"code_digest": code_digest, "now": now})


async def revoke_of_user(tx: Transaction, user_id: UserId, now: datetime) -> int:
    """End every token about a user; answer how many that were."""
    return await tx.run(SQL["revoke_of_user"], {"user_id": user_id, "now": now})


async def revoke_of_client(tx: Transaction, client_id: ClientId, now: datetime) -> int:
    """End every token that a removed application held; answer how many lived."""
    return await tx.run(SQL["revoke_of_client"], {"client_id": client_id, "now": now})


async def drop_unrevoked(tx: Transaction) -> int:
    """Forget every token that was not revoked, which ends it; answer how many there were."""
    return await tx.run(SQL["drop_unrevoked"], {})


async def purge_access_tokens(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of tokens that expired before then; answer how many went."""
    return await tx.run(SQL["purge_access_tokens"], {"before": before, "count": count})
