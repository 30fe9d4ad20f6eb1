"""Keep a next signing key published for each algorithm, and take in those that are long over."""

import asyncio
import random
from datetime import datetime, timedelta

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import Unavailable
from latchstring.base.logging import get_logger
from latchstring.base.secrets import Keyring
from latchstring.db.database import Database, Transaction
from latchstring.domain.keys import store as keys
from latchstring.domain.keys.key import KeyState, SigningKey, generate
from latchstring.domain.keys.rotation import lacking
from latchstring.flows.refresh_configuration import bump_version

_PAUSE_SECONDS = 60.0


class TendSigningKeys(msgspec.Struct, frozen=True):
    """So that a rotation has a key that everybody knows already, at any time."""

    database: Database
    keyring: Keyring
    clock: Clock
    kept: timedelta
    """How long what a key signed may still be shown to somebody."""

    async def __call__(self) -> None:
        """Make and withdraw what is due; without anything due this is one small read."""
        now = self.clock.now()
        stored = await self.database.read(keys.list_keys)
        missing = lacking(stored, KeyState.NEXT)
        over = now - self.kept
        if not missing and not any(
            key.state is KeyState.PREVIOUS and key.changed_at < over for key in stored
        ):
            return
        fresh = [
            await asyncio.to_thread(generate, each, KeyState.NEXT, self.keyring, now=now)
            for each in missing
        ]
        await self.database.transact(lambda tx: self._tend(tx, fresh, over))

    async def run(self) -> None:
        """Look once a minute until cancelled; trouble is for the next look."""
        while True:
            # Not all processes at once: one of them makes the keys, the others find them.
            await asyncio.sleep(_PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            try:
                await self()
            except Unavailable as trouble:
                get_logger().warning("signing_keys_not_tended", reason=trouble.detail)
            except Exception:  # noqa: BLE001 - a loop that ends would leave the next rotation alone
                get_logger().exception("signing_keys_not_tended")

    async def _tend(self, tx: Transaction, fresh: list[SigningKey], over: datetime) -> None:
        await bump_version(tx)  # first: it holds the row, and another process waits for us there
        for key in fresh:
            await keys.insert_key(tx, key)
        await keys.withdraw_keys(tx, since=over)
