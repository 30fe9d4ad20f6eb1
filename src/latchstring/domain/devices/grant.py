"""The device grant: what a device asked for, and what became of it."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

import msgspec

from latchstring.base.errors import Forbidden
from latchstring.base.ids import ClientId, SessionId, UserId
from latchstring.base.secrets import Keyring, digest, encode, random_token
from latchstring.domain.devices.user_code import digest_of, user_code_of

LIFETIME = timedelta(minutes=15)
"""How long the device's code works: time to find the phone, the page and the mail."""

INTERVAL_SECONDS = 5
"""How long a device waits between two polls, and how much longer after each that came too soon."""

SLACK = timedelta(milliseconds=500)
"""How much sooner than that a poll may arrive: networks delay one more than the next."""

_ID_BYTES = 15

DeviceGrantId = NewType("DeviceGrantId", str)
"""20 base64url characters (120 random bits); worthless without the cookie of its browser."""


class DeviceCodeRefused(Forbidden):
    """Invalid device code."""


class AuthorizationPending(Forbidden):
    """The person has not answered yet. Ask again."""


class PolledTooSoon(Forbidden):
    """The person has not answered yet. Wait five seconds longer between questions."""


class DeviceRefused(Forbidden):
    """The person did not allow it."""


class DeviceCodeExpired(Forbidden):
    """The device code has expired. Start again."""


class State(StrEnum):
    """What became of a grant; each change happens once, in this order or not at all."""

    PENDING = "pending"
    ALLOWED = "allowed"
    DENIED = "denied"
    REDEEMED = "redeemed"


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """Who allowed it, and how they had signed in."""

    user_id: UserId
    session_id: SessionId
    auth_time: datetime
    amr: tuple[str, ...]


class DeviceGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant as it is kept: both codes by digest, so that a dump of the database holds neither."""

    id: DeviceGrantId
    device_code_digest: str
    user_code_digest: str
    key_version: int
    client_id: ClientId
    scope: str
    """As granted, not as asked."""

    audience: str | None
    """The API that the tokens are for."""

    state: State
    created_at: datetime
    expires_at: datetime
    interval_seconds: int
    polled_at: datetime | None
    hurried: bool
    browser_digest: str | None
    user_id: UserId | None
    session_id: SessionId | None
    auth_time: datetime | None
    amr: tuple[str, ...] | None
    answered_at: datetime | None
    redeemed_at: datetime | None

    @property
    def allowance(self) -> Allowance | None:
        """Who allowed it, once somebody did."""
        if (
            self.user_id is None
            or self.session_id is None
            or self.auth_time is None
            or self.amr is None
        ):
            return None
        return Allowance(
            user_id=self.user_id,
            session_id=self.session_id,
            auth_time=self.auth_time,
            amr=self.amr,
        )

    def is_pending(self, now: datetime) -> bool:
        """Whether it still waits for the person."""
        return self.state is State.PENDING and now < self.expires_at

    def has_expired(self, now: datetime) -> bool:
        """Whether it ran out before it came to anything."""
        return self.state in {State.PENDING, State.ALLOWED} and now >= self.expires_at

    def code(self, keyring: Keyring) -> str:
        """Return the code that the device shows."""
        return user_code_of(self.id, version=self.key_version, keyring=keyring)


def begin(
    client_id: ClientId, scope: str, audience: str | None, *, keyring: Keyring, now: datetime
) -> tuple[str, DeviceGrant]:
    """Return a new device code, and what is kept of it."""
    device_code = random_token()
    grant_id = DeviceGrantId(encode(secrets.token_bytes(_ID_BYTES)))
    version = keyring.current
    code = user_code_of(grant_id, version=version, keyring=keyring)
    return device_code, DeviceGrant(
        id=grant_id,
        device_code_digest=digest(device_code),
        user_code_digest=digest_of(code, version=version, keyring=keyring),
        key_version=version,
        client_id=client_id,
        scope=scope,
        audience=audience,
        state=State.PENDING,
        created_at=now,
        expires_at=now + LIFETIME,
        interval_seconds=INTERVAL_SECONDS,
        polled_at=None,
        hurried=False,
        browser_digest=None,
        user_id=None,
        session_id=None,
        auth_time=None,
        amr=None,
        answered_at=None,
        redeemed_at=None,
    )
