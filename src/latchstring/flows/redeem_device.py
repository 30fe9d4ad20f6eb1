"""Tell a device how its grant stands, and give it the tokens once somebody allowed it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import AppError
from latchstring.base.ids import ClientId
from latchstring.base.secrets import digest
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Database, Transaction
from latchstring.domain.apis.api import Api
from latchstring.domain.devices import store as devices
from latchstring.domain.devices.grant import (
    Allowance,
    AuthorizationPending,
    DeviceCodeExpired,
    DeviceCodeRefused,
    DeviceGrant,
    DeviceRefused,
    PolledTooSoon,
    State,
)
from latchstring.flows.find_person import hold_person
from latchstring.flows.grant_scope import still_granted
from latchstring.flows.issue_tokens import IssueTokens, TokenRequest, Tokens, Unsigned
from latchstring.flows.live_session import is_live


class DevicePoll(msgspec.Struct, frozen=True, kw_only=True):
    """A device code from an authenticated client."""

    device_code: str
    client_id: ClientId
    algorithm: SigningAlgorithm = SigningAlgorithm.RS256
    """What the client's ID tokens are signed with."""

    apis: Mapping[str, Api] = msgspec.field(default_factory=dict)
    """Every API by its identifier, as the configuration in memory has them now."""

    hears_logout: bool = False
    """Whether the client is to be told that the session ended."""


class _Refused(msgspec.Struct, frozen=True):
    error: AppError


class RedeemDevice(msgspec.Struct, frozen=True):
    """One caller gets the tokens of an allowed grant.

    Polls of every node are paced by the grant's row. An answer that is there is given however soon
    the device asks: ``slow_down`` is for grants that still wait (RFC 8628 section 3.5).
    """

    database: Database
    clock: Clock
    issue_tokens: IssueTokens

    async def __call__(self, poll: DevicePoll) -> Tokens:
        """Return the tokens; raise what RFC 8628 section 3.5 has an error for."""
        now = self.clock.now()
        outcome = await self.database.transact(lambda tx: self._decide(tx, poll, now=now))
        if isinstance(outcome, _Refused):
            raise outcome.error
        return self.issue_tokens.sign(outcome)

    async def _decide(
        self, tx: Transaction, poll: DevicePoll, *, now: datetime
    ) -> Unsigned | _Refused:
        code_digest = digest(poll.device_code)
        pending = await devices.note_poll(tx, code_digest, poll.client_id, now)
        if pending is not None:
            return _Refused(PolledTooSoon() if pending.hurried else AuthorizationPending())
        grant = await devices.redeem(tx, code_digest, poll.client_id, now)
        if grant is None:
            found = await devices.find_by_device_code(tx, code_digest, poll.client_id)
            return _Refused(_why(found, now))
        return await self._tokens(tx, poll, grant, now=now)

    async def _tokens(
        self, tx: Transaction, poll: DevicePoll, grant: DeviceGrant, *, now: datetime
    ) -> Unsigned | _Refused:
        api = poll.apis.get(grant.audience or "")
        if grant.audience is not None and api is None:
            return _Refused(DeviceCodeRefused(detail="the API is gone"))
        allowance = grant.allowance
        if allowance is None:
            return _Refused(DeviceCodeRefused(detail="allowed by nobody"))
        # Before the session: a block and its end between the two looks would leave a live token.
        person = await hold_person(tx, allowance.user_id)
        hears = poll.hears_logout
        if not await is_live(
            tx, allowance.session_id, grant.client_id, hears_logout=hears, now=now
        ):
            return _Refused(DeviceCodeRefused(detail="signed out meanwhile"))
        if person is None:
            return _Refused(DeviceCodeRefused(detail="the user is shut out"))
        wanted = _request(poll, grant, allowance, api)
        return await self.issue_tokens.record(tx, wanted, person, now=now)


def _why(grant: DeviceGrant | None, now: datetime) -> AppError:
    if grant is None:
        return DeviceCodeRefused(detail="unknown, or another client's")
    if grant.state is State.DENIED:
        return DeviceRefused()
    if grant.has_expired(now):
        return DeviceCodeExpired()
    return DeviceCodeRefused(detail="redeemed before")


def _request(
    poll: DevicePoll, grant: DeviceGrant, allowance: Allowance, api: Api | None
) -> TokenRequest:
    return TokenRequest(
        client_id=grant.client_id,
        user_id=allowance.user_id,
        session_id=allowance.session_id,
        scope=still_granted(grant.scope, api),
        auth_time=allowance.auth_time,
        amr=allowance.amr,
        algorithm=poll.algorithm,
        api=api,
    )
