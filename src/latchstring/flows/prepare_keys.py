"""Prepare the keys at the start: the key file fits, a signing key exists, and it opens."""

from dataclasses import dataclass

from latchstring.base.clock import Clock
from latchstring.base.secrets import BrokenSeal, Keyring, UnknownKey
from latchstring.db.database import Database, Transaction
from latchstring.domain.keys import store as keys
from latchstring.domain.keys.check import KeyCheck, WrongKeyFile, checks_of, unknown_to
from latchstring.domain.keys.key import SigningKey, generate, unseal
from latchstring.domain.keys.signer import Signer


@dataclass(frozen=True, slots=True)
class CheckKeyring:
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
        if not fresh:
            return
        # Another process may have brought another file meanwhile: look again at what was kept.
        stored = await self.database.transact(lambda tx: self._remember(tx, fresh))
        unknown_to(stored, ours)

    async def _remember(self, tx: Transaction, fresh: list[KeyCheck]) -> list[KeyCheck]:
        for check in fresh:
            await keys.insert_check(tx, check)
        return await keys.list_checks(tx)


@dataclass(frozen=True, slots=True)
class PrepareKeys:
    """The signer of this installation; made on the first start, the same ever after."""

    database: Database
    keyring: Keyring
    clock: Clock

    async def __call__(self) -> Signer:
        """Return the signer; raise ``WrongKeyFile`` if a key was sealed under a lost version."""
        stored = await self.database.read(keys.list_keys)
        if not stored:
            first = generate(self.keyring, self.clock.now())
            stored = await self.database.transact(lambda tx: self._keep(tx, first))
        try:
            return Signer([unseal(key, self.keyring) for key in stored])
        except (UnknownKey, BrokenSeal) as error:
            message = (
                "A signing key in the database was sealed under a key version that the key file "
                "does not hold. Put the older lines of the key file back."
            )
            raise WrongKeyFile(message, detail=repr(error)) from error

    async def _keep(self, tx: Transaction, first: SigningKey) -> list[SigningKey]:
        await keys.insert_first_key(tx, first)
        return await keys.list_keys(tx)
