"""Access tokens and families of refresh tokens in the database."""

from datetime import datetime

from latchstring.base.ids import ClientId, FamilyId, UserId
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.tokens.access import AccessToken
from latchstring.domain.tokens.refresh import RefreshFamily

SQL = statements.load(__package__)


async def insert_access_token(tx: Transaction, token: AccessToken) -> None:
    """Keep a new token."""
    await tx.run(SQL["insert_access_token"], records.values_of(token))


async def find_access_token(tx: Transaction, token_digest: str) -> AccessToken | None:
    """Return a token, live or not."""
    return await tx.one(SQL["find_access_token"], AccessToken, {"token_digest": token_digest})


async def revoke_access_token(tx: Transaction, token_digest: str, now: datetime) -> bool:
    """End one token; answer whether it was this call that did."""
    values = {"token_digest": token_digest, "now": now}
    return await tx.run(SQL["revoke_access_token"], values) == 1


async def revoke_of_code(tx: Transaction, code_digest: str, now: datetime) -> int:
    """End what an authorization code gave; answer how many access tokens that ended."""
    values = {"code_digest": code_digest, "now": now}
    await tx.run(SQL["end_families_of_code"], values)
    return await tx.run(SQL["revoke_of_code"], values)


async def revoke_of_user(tx: Transaction, user_id: UserId, now: datetime) -> int:
    """End every token about a user; answer how many access tokens that were."""
    values = {"user_id": user_id, "now": now}
    await tx.run(SQL["end_families_of_user"], values)
    return await tx.run(SQL["revoke_of_user"], values)


async def revoke_of_client(tx: Transaction, client_id: ClientId, now: datetime) -> int:
    """End every token that a removed application held; answer how many access tokens lived."""
    values = {"client_id": client_id, "now": now}
    await tx.run(SQL["end_families_of_client"], values)
    return await tx.run(SQL["revoke_of_client"], values)


async def revoke_of_audience(tx: Transaction, audience: str, now: datetime) -> int:
    """End every token for a removed API; answer how many access tokens lived."""
    values = {"audience": audience, "now": now}
    await tx.run(SQL["end_families_of_audience"], values)
    return await tx.run(SQL["revoke_of_audience"], values)


async def insert_family(tx: Transaction, family: RefreshFamily) -> None:
    """Keep a new family."""
    await tx.run(SQL["insert_family"], records.values_of(family))


async def find_family(tx: Transaction, family_id: FamilyId) -> RefreshFamily | None:
    """Return a family, living or over."""
    return await tx.one(SQL["find_family"], RefreshFamily, {"id": family_id})


async def hold_family(tx: Transaction, family_id: FamilyId) -> RefreshFamily | None:
    """Do the same, and let nobody end it before the transaction ends.

    An access token that is written meanwhile is there for an end that waits, and ends with it.
    """
    return await tx.one(SQL["hold_family"], RefreshFamily, {"id": family_id})


async def rotate_family(
    tx: Transaction,
    family_id: FamilyId,
    client_id: ClientId,
    *,
    generation: int,
    idle_ends_at: datetime,
    now: datetime,
) -> RefreshFamily | None:
    """Give the family its next generation and return it; of racing callers one gets it."""
    values = {
        "id": family_id,
        "client_id": client_id,
        "generation": generation,
        "idle_ends_at": idle_ends_at,
        "now": now,
    }
    return await tx.one(SQL["rotate_family"], RefreshFamily, values)


async def end_family(tx: Transaction, family_id: FamilyId, now: datetime) -> bool:
    """End a family and its access tokens; answer whether it was this call that did."""
    values = {"id": family_id, "now": now}
    ended = await tx.run(SQL["end_family"], values) == 1
    await tx.run(SQL["revoke_of_family"], values)
    return ended


async def drop_unrevoked(tx: Transaction) -> int:
    """Forget every token that was not revoked, which ends it; answer how many there were."""
    families = await tx.run(SQL["drop_unended_families"], {})
    return families + await tx.run(SQL["drop_unrevoked"], {})


async def purge_access_tokens(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of tokens that expired before then; answer how many went."""
    return await tx.run(SQL["purge_access_tokens"], {"before": before, "count": count})


async def purge_families(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of families that are long over; answer how many went."""
    return await tx.run(SQL["purge_families"], {"before": before, "count": count})
