"""Find out whether anything can be written: the lock is free, the disk has space, it may be."""

import msgspec

from latchstring.db import statements
from latchstring.db.database import Database, Transaction

SQL = statements.load(__package__, "prove_writable.sql")


class ProveWritable(msgspec.Struct, frozen=True):
    """Writes one page as it was; raises ``Unavailable`` where that cannot be done."""

    database: Database

    async def __call__(self) -> None:
        """Write, durably; what anybody can read stays the same."""
        await self.database.transact(_there_and_back)


async def _there_and_back(tx: Transaction) -> None:
    # One step alone would tell every process to read its configuration again; and what is set to
    # the value it has is not written at all.
    await tx.run(SQL["step_ahead"], {})
    await tx.run(SQL["step_back"], {})
