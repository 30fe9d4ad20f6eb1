"""Registrations and the tokens that allow them, in the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.registrations.registration import Registration, RegistrationToken

SQL = statements.load(__package__)


async def insert_token(tx: Transaction, token: RegistrationToken) -> None:
    """Keep a new token."""
    await tx.run(SQL["insert_token"], records.values_of(token))


async def list_tokens(tx: Transaction, now: datetime) -> list[RegistrationToken]:
    """Return the tokens with which somebody may still register."""
    return await tx.all(SQL["list_tokens"], RegistrationToken, {"now": now})


async def find_token(tx: Transaction, token_digest: str, now: datetime) -> RegistrationToken | None:
    """Return a token that has a use left, and take none."""
    values = {"token_digest": token_digest, "now": now}
    return await tx.one(SQL["find_token"], RegistrationToken, values)


async def use_token(tx: Transaction, token_digest: str, now: datetime) -> RegistrationToken | None:
    """Take one use of a token and return it as it is then; nothing where none is left."""
    values = {"token_digest": token_digest, "now": now}
    return await tx.one(SQL["use_token"], RegistrationToken, values)


async def end_token(tx: Transaction, token_id: str, now: datetime) -> bool:
    """Take all uses of a token; answer whether there were any."""
    return await tx.run(SQL["end_token"], {"id": token_id, "now": now}) == 1


async def end_all_tokens(tx: Transaction) -> int:
    """Take all uses of every token, and return how many tokens had any."""
    return await tx.run(SQL["end_all_tokens"], {})


async def purge_tokens(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a batch of tokens that expired, and return how many."""
    return await tx.run(SQL["purge_tokens"], {"before": before, "count": count})


async def insert_registration(tx: Transaction, registration: Registration) -> None:
    """Keep what an application said of itself."""
    await tx.run(SQL["insert_registration"], records.values_of(registration))


async def find_registration(tx: Transaction, client_id: str) -> Registration | None:
    """Return the registration of an application that registered itself."""
    return await tx.one(SQL["find_registration"], Registration, {"client_id": client_id})


async def hold_registration(tx: Transaction, client_id: str) -> bool:
    """Be alone with a registration until the transaction ends; answer whether there is one."""
    return await tx.run(SQL["hold_registration"], {"client_id": client_id}) == 1


async def change_registration(
    tx: Transaction, client_id: str, metadata: Mapping[str, Any], now: datetime
) -> bool:
    """Replace what it said; answer whether it was there."""
    values = {"client_id": client_id, "metadata": metadata, "now": now}
    return await tx.run(SQL["change_registration"], values) == 1


async def drop_registration(tx: Transaction, client_id: str) -> bool:
    """Forget what it said and its token; answer whether it was there."""
    return await tx.run(SQL["drop_registration"], {"client_id": client_id}) == 1
