"""Allow or refuse a device, once, in the browser where its code was typed."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.origin import Origin
from latchstring.base.secrets import digest
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import DeviceAllowed, DeviceDenied
from latchstring.domain.devices import store as devices
from latchstring.domain.devices.grant import Allowance, DeviceGrant
from latchstring.domain.sessions.session import Session


class DeviceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody pressed a button about a grant of their browser's."""

    grant: DeviceGrant
    browser: str
    """The browser cookie's value."""

    origin: Origin


class AnswerDevice(msgspec.Struct, frozen=True):
    """The first answer stands; whatever comes after it changes nothing."""

    database: Database
    clock: Clock

    async def allow(self, answer: DeviceAnswer, session: Session) -> bool:
        """Let the device sign in as whom the session belongs to; answer whether this did it."""
        return await self.database.transact(lambda tx: self._allow(tx, answer, session))

    async def deny(self, answer: DeviceAnswer, session: Session | None) -> bool:
        """Let it never; nobody has to be signed in for a no. Answer whether this did it."""
        return await self.database.transact(lambda tx: self._deny(tx, answer, session))

    async def _allow(self, tx: Transaction, answer: DeviceAnswer, session: Session) -> bool:
        now, grant = self.clock.now(), answer.grant
        allowance = Allowance(
            user_id=session.user_id,
            session_id=session.id,
            auth_time=session.authenticated_at,
            amr=session.amr,
        )
        browser_digest = digest(answer.browser)
        if not await devices.allow(tx, grant.id, browser_digest, allowance=allowance, now=now):
            return False
        event = DeviceAllowed(
            client_id=grant.client_id, user_id=session.user_id, session_id=session.id
        )
        await audit.record(tx, event, answer.origin, now=now)
        return True

    async def _deny(self, tx: Transaction, answer: DeviceAnswer, session: Session | None) -> bool:
        now, grant = self.clock.now(), answer.grant
        if not await devices.deny(tx, grant.id, digest(answer.browser), now):
            return False
        event = DeviceDenied(
            client_id=grant.client_id, user_id=session.user_id if session else None
        )
        await audit.record(tx, event, answer.origin, now=now)
        return True
