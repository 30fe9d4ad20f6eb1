"""Begin a device grant: one code for the device to keep, one for it to show."""

from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import TooManyRequests, Unavailable
from latchstring.base.ids import ClientId
from latchstring.base.origin import Origin
from latchstring.base.secrets import Keyring
from latchstring.base.settings import LimitSettings
from latchstring.db.database import Database, Transaction, Undone
from latchstring.domain.devices import store as devices
from latchstring.domain.devices.grant import DeviceGrant, begin
from latchstring.domain.limits import store as limits
from latchstring.flows.allowances import limit_of

_TRIES = 5
"""Even with a million codes kept, one draw in 25,000 meets one of them."""


class DeviceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a device's application asks for."""

    client_id: ClientId
    scope: str
    """As granted, not as asked."""

    audience: str | None
    origin: Origin
    trusted: bool = False
    """Whether the client proved itself: then it answers for its own."""


class StartedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Both codes; neither is anywhere else."""

    device_code: str
    user_code: str
    grant: DeviceGrant


class StartDevice(msgspec.Struct, frozen=True):
    """A grant whose code no other one shows."""

    database: Database
    keyring: Keyring
    clock: Clock
    limits: LimitSettings

    async def __call__(self, request: DeviceRequest) -> StartedDevice:
        """Return the codes; raise ``TooManyRequests``."""
        outcome = await self.database.transact(lambda tx: self._begin(tx, request))
        if isinstance(outcome, Undone):
            raise outcome.refusal
        return outcome

    async def _begin(
        self, tx: Transaction, request: DeviceRequest
    ) -> StartedDevice | Undone[TooManyRequests | Unavailable]:
        now = self.clock.now()
        refusal = None if request.trusted else await self._spend(tx, request, now)
        if refusal is not None:
            return Undone(refusal)
        for _ in range(_TRIES):
            device_code, grant = begin(
                request.client_id, request.scope, request.audience, keyring=self.keyring, now=now
            )
            if await devices.insert_grant(tx, grant):
                user_code = grant.code(self.keyring)
                return StartedDevice(device_code=device_code, user_code=user_code, grant=grant)
        return Undone(Unavailable(detail="every code that was drawn is another device's"))

    async def _spend(
        self, tx: Transaction, request: DeviceRequest, now: datetime
    ) -> TooManyRequests | None:
        limit = limit_of("device_codes_per_address", self.limits.device_codes_per_address)
        exhausted = await limits.spend(tx, limit, request.origin.network, now)
        if exhausted is None:
            return None
        return TooManyRequests(limit.name, allowed=limit.allowed, until=exhausted.until)
