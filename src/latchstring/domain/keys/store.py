"""Signing keys and key checks in the database."""

from datetime import datetime

from latchstring.base.ids import KeyId
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.keys.check import KeyCheck
from latchstring.domain.keys.key import KeyState, SigningKey

SQL = statements.load(__package__)


async def insert_key(tx: Transaction, key: SigningKey) -> bool:
    """Keep the key if its algorithm has none in that state; answer whether it was kept."""
    return await tx.run(SQL["insert_key"], records.values_of(key)) == 1


async def list_keys(tx: Transaction) -> list[SigningKey]:
    """Return every published key, oldest first."""
    return await tx.all(SQL["list_keys"], SigningKey, {})


async def move_key(tx: Transaction, key: SigningKey, after: KeyState, now: datetime) -> bool:
    """Take the key's next step; answer whether nobody else had taken it."""
    values = {"id": key.id, "before": key.state, "after": after, "now": now}
    return await tx.run(SQL["move_key"], values) == 1


async def withdraw_key(tx: Transaction, key_id: KeyId) -> bool:
    """Publish a previous key no more; answer whether it was one."""
    return await tx.run(SQL["withdraw_key"], {"id": key_id}) == 1


async def withdraw_keys(tx: Transaction, *, since: datetime) -> int:
    """Publish no more the keys that have signed nothing since then; return how many."""
    return await tx.run(SQL["withdraw_keys"], {"since": since})


async def list_checks(tx: Transaction) -> list[KeyCheck]:
    """Return the check of every version of the key file that was met."""
    return await tx.all(SQL["list_checks"], KeyCheck, {})


async def insert_check(tx: Transaction, check: KeyCheck) -> None:
    """Remember a version of the key file; the first to say so wins."""
    await tx.run(SQL["insert_check"], records.values_of(check))
