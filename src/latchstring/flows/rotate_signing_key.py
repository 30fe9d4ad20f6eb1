"""Let the next signing key sign, while what the one before has signed stays good."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import AppError, Forbidden, NotFound
from latchstring.base.ids import KeyId
from latchstring.base.origin import NOWHERE
from latchstring.base.secrets import Keyring
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import SigningKeyRotated, SigningKeyWithdrawn
from latchstring.domain.keys import store as keys
from latchstring.domain.keys.jwks import in_order
from latchstring.domain.keys.key import KeyState, SigningKey, generate
from latchstring.domain.keys.rotation import in_state, known_at
from latchstring.flows.refresh_configuration import bump_version


class RotateSigningKey(msgspec.Struct, frozen=True):
    """A rotation holds in every process within two seconds."""

    database: Database
    keyring: Keyring
    clock: Clock
    refresh: Callable[[], Awaitable[object]]
    """Makes the change hold in this process at once."""

    async def list_all(self) -> list[SigningKey]:
        """Return the published keys, those that sign first."""
        return in_order(await self.database.read(keys.list_keys))

    async def __call__(
        self, algorithms: Sequence[SigningAlgorithm], *, at_once: bool = False
    ) -> list[SigningKey]:
        """Return the keys as they are then: next ones sign, and newer next ones are published.

        Raises ``Forbidden`` while somebody may not have heard of a next key yet, unless it is to
        be ``at_once``: then who verifies may refuse a token until they fetch the keys again.
        """
        now = self.clock.now()
        fresh = [
            await asyncio.to_thread(generate, each, KeyState.NEXT, self.keyring, now=now)
            for each in algorithms
        ]
        refusal = await self.database.transact(
            lambda tx: self._rotate(tx, fresh, at_once=at_once, now=now)
        )
        await self.refresh()
        if refusal is not None:
            raise refusal
        return await self.list_all()

    async def withdraw(self, key_id: str) -> None:
        """Publish a previous key no more: what it signed is good no more. ``NotFound`` without."""
        if not await self.database.transact(lambda tx: self._withdraw(tx, KeyId(key_id))):
            raise NotFound("There is no previous key of this id. One that signs is rotated first.")
        await self.refresh()

    async def _rotate(
        self, tx: Transaction, fresh: Sequence[SigningKey], *, at_once: bool, now: datetime
    ) -> AppError | None:
        await bump_version(tx)  # first: it holds the row, and whoever rotates too waits there
        for key in fresh:  # an algorithm that was never tended has no next one yet
            await keys.insert_key(tx, key)
        stored = await keys.list_keys(tx)
        steps = [(in_state(stored, key.algorithm, KeyState.NEXT)[0], key) for key in fresh]
        waiting = [next_key for next_key, _ in steps if known_at(next_key) > now]
        if waiting and not at_once:
            return _too_early(waiting)
        for next_key, after in steps:
            for current in in_state(stored, next_key.algorithm, KeyState.CURRENT):
                await keys.move_key(tx, current, KeyState.PREVIOUS, now)
            await keys.move_key(tx, next_key, KeyState.CURRENT, now)
            if after.id != next_key.id:  # else the keys are tended within a minute or two
                await keys.insert_key(tx, after)
            rotated = SigningKeyRotated(
                key_id=next_key.id, algorithm=next_key.algorithm, at_once=at_once
            )
            await audit.record(tx, rotated, NOWHERE, now=now)
        return None

    async def _withdraw(self, tx: Transaction, key_id: KeyId) -> bool:
        await bump_version(tx)
        if not await keys.withdraw_key(tx, key_id):
            return False
        withdrawn = SigningKeyWithdrawn(key_id=key_id)
        await audit.record(tx, withdrawn, NOWHERE, now=self.clock.now())
        return True


def _too_early(waiting: Sequence[SigningKey]) -> Forbidden:
    latest = max(waiting, key=known_at)
    return Forbidden(
        f"The next {latest.algorithm} key is published since {_told(latest.changed_at)}, and not "
        f"everybody who verifies has to know it before {_told(known_at(latest))}. Rotate then; "
        "in an emergency, at once."
    )


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
