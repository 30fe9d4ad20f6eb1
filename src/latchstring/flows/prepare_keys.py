"""Prepare the keys at the start: the key file fits, each algorithm has a key, and it opens."""

import asyncio

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.logging import get_logger
from latchstring.base.secrets import Keyring
from latchstring.db.database import Database, Transaction
from latchstring.domain.keys import store as keys
from latchstring.domain.keys.check import KeyCheck, WrongKeyFile, checks_of, newer, unknown_to
from latchstring.domain.keys.key import KeyState, SigningKey, generate
from latchstring.domain.keys.rotation import lacking
from latchstring.domain.keys.signer import Signer
from latchstring.flows.refresh_configuration import bump_version


class CheckKeyring(msgspec.Struct, frozen=True):
    """A key file that is not this database's is refused before anything is derived from it."""

    database: Database
    keyring: Keyring

    async def is_first(self) -> bool:
        """Whether this database has never met a key file, so that one may be made for it."""
        return not await self.database.read(keys.list_checks)

    async def __call__(self) -> None:
        """Remember the file's new versions; raise ``WrongKeyFile``."""
        ours = checks_of(self.keyring)
        stored = await self.database.read(keys.list_checks)
        fresh = unknown_to(stored, ours)
        if fresh:
            # Another process may have brought another file meanwhile: look again at what was kept.
            stored = await self.database.transact(lambda tx: self._remember(tx, fresh))
            unknown_to(stored, ours)
        behind = newer(stored, ours)
        if behind:
            # Not refused: it may stand by elsewhere, and not be used by anybody yet.
            get_logger().error("key_file_lacks_newer_versions", versions=behind)

    async def _remember(self, tx: Transaction, fresh: list[KeyCheck]) -> list[KeyCheck]:
        for check in fresh:
            await keys.insert_check(tx, check)
        return await keys.list_checks(tx)


class PrepareKeys(msgspec.Struct, frozen=True):
    """The signer of this installation; its keys are made on the first start, and found later."""

    database: Database
    keyring: Keyring
    clock: Clock

    async def __call__(self) -> Signer:
        """Return the signer; raise ``WrongKeyFile`` if a key was sealed under a lost version."""
        stored = await self.database.read(keys.list_keys)
        missing = lacking(stored, KeyState.CURRENT)
        if missing:
            now = self.clock.now()
            fresh = [
                await asyncio.to_thread(generate, each, KeyState.CURRENT, self.keyring, now=now)
                for each in missing
            ]
            stored = await self.database.transact(lambda tx: self._keep(tx, fresh))
        signer = Signer(self.keyring)
        lost = signer.replace(stored)
        if lost:
            message = (
                "A signing key in the database was sealed under a key version that the key file "
                "does not hold. Put the older lines of the key file back."
            )
            raise WrongKeyFile(message, detail=f"key {lost[0]}")
        return signer

    async def _keep(self, tx: Transaction, fresh: list[SigningKey]) -> list[SigningKey]:
        # First: it holds the row, so that of servers that start at once the second sees the keys.
        await bump_version(tx)
        for key in fresh:
            await keys.insert_key(tx, key)
        return await keys.list_keys(tx)
