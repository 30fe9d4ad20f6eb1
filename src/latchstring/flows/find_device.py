"""Find the device whose code somebody types, and tie it to the browser they type it in."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import NotFound, TooManyRequests
from latchstring.base.ids import SessionId
from latchstring.base.origin import Origin
from latchstring.base.secrets import Keyring, digest
from latchstring.base.settings import LimitSettings
from latchstring.db.database import Database, Transaction, Undone
from latchstring.domain.devices import store as devices
from latchstring.domain.devices.grant import DeviceGrant, DeviceGrantId
from latchstring.domain.devices.user_code import digest_of
from latchstring.domain.limits import store as limits
from latchstring.flows.allowances import limit_of


class UserCodeUnknown(NotFound):
    """No device waits with this code."""


class DeviceGrantUnknown(NotFound):
    """No such code was typed in this browser."""


class TypedCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code as the room writes it, and who typed it."""

    code: str
    browser: str
    """The browser cookie's value."""

    session_id: SessionId | None
    origin: Origin


class FindDevice(msgspec.Struct, frozen=True):
    """The grant of a code, if one waits. Wrong codes count, right ones do not.

    Guesses are counted by network address and, so that nobody who is signed in goes on from
    another address, by session.
    """

    database: Database
    keyring: Keyring
    clock: Clock
    limits: LimitSettings

    async def __call__(self, typed: TypedCode) -> DeviceGrantId:
        """Return the grant's id, now this browser's; raise ``UserCodeUnknown``.

        Raise ``TooManyRequests`` instead, and look nothing up, once there were too many.
        """
        outcome = await self.database.transact(lambda tx: self._find(tx, typed))
        if isinstance(outcome, Undone):
            raise outcome.refusal
        if outcome is None:
            raise UserCodeUnknown
        return outcome

    async def of_browser(self, grant_id: DeviceGrantId, browser: str) -> DeviceGrant:
        """Return a grant, waiting or over; raise ``DeviceGrantUnknown`` in any other browser."""
        found = await self.database.read(
            lambda tx: devices.find_of_browser(tx, grant_id, digest(browser))
        )
        if found is None:
            raise DeviceGrantUnknown
        return found

    async def _find(
        self, tx: Transaction, typed: TypedCode
    ) -> DeviceGrantId | Undone[TooManyRequests] | None:
        now = self.clock.now()
        allowed = self.limits.device_code_guesses_per_address
        limit = limit_of("device_code_guesses_per_address", allowed)
        keys = [typed.origin.network]
        if typed.session_id is not None:
            keys.append(f"session {typed.session_id}")
        exhausted = await limits.spend_all(tx, [(limit, key) for key in keys], now)
        if exhausted is not None:
            error = TooManyRequests(limit.name, allowed=limit.allowed, until=exhausted.until)
            return Undone(error)
        for version in sorted(self.keyring.versions, reverse=True):
            code_digest = digest_of(typed.code, version=version, keyring=self.keyring)
            found = await devices.bind(tx, code_digest, digest(typed.browser), now)
            if found is not None:
                for key in keys:
                    await limits.give_back(tx, limit.name, limit.digest_of(key), now)
                return found
        return None
