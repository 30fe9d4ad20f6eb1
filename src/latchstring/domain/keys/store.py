"""Signing keys and key checks in the database."""

from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.keys.check import KeyCheck
from latchstring.domain.keys.key import SigningKey

SQL = statements.load(__package__)


async def insert_first_key(tx: Transaction, key: SigningKey) -> bool:
    """Keep the key if there is none yet; answer whether it was kept."""
    return await tx.run(SQL["insert_first_key"], records.values_of(key)) == 1


async def list_keys(tx: Transaction) -> list[SigningKey]:
    """Return every published key, oldest first."""
    return await tx.all(SQL["list_keys"], SigningKey, {})


async def list_checks(tx: Transaction) -> list[KeyCheck]:
    """Return the check of every version of the key file that was met."""
    return await tx.all(SQL["list_checks"], KeyCheck, {})


async def insert_check(tx: Transaction, check: KeyCheck) -> None:
    """Remember a version of the key file; the first to say so wins."""
    await tx.run(SQL["insert_check"], records.values_of(check))
