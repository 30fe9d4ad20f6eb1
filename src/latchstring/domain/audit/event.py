"""One class per event. Its fields become the record's details."""

from datetime import datetime
from typing import Any

import msgspec

from latchstring.base.ids import ClientId, IdentifierDigest, KeyId, SessionId, UserId


class ChallengeIssued(msgspec.Struct, frozen=True, kw_only=True):
    """A code or link was asked for; the message is in the outbox."""

    identifier_digest: IdentifierDigest
    client_id: ClientId
    connection: str
    send: str
    decoy: bool


class ChallengeRefused(msgspec.Struct, frozen=True, kw_only=True):
    """An answer did not fit."""

    identifier_digest: IdentifierDigest
    client_id: ClientId
    connection: str
    reason: str


class ChallengesVoided(msgspec.Struct, frozen=True, kw_only=True):
    """All live codes and links of an identifier were ended without a success."""

    identifier_digest: IdentifierDigest
    count: int
    by: str


class IdentifierVerified(msgspec.Struct, frozen=True, kw_only=True):
    """An answer fitted."""

    identifier_digest: IdentifierDigest
    user_id: UserId
    client_id: ClientId
    connection: str
    method: str


class UserCreated(msgspec.Struct, frozen=True, kw_only=True):
    """The first success made the user."""

    user_id: UserId
    identifier_digest: IdentifierDigest
    connection: str


class UserBlocked(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator shut a user out."""

    user_id: UserId


class UserUnblocked(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator let a user in again."""

    user_id: UserId


class UserDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator removed a user."""

    user_id: UserId


class SessionOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A browser is signed in."""

    user_id: UserId
    session_id: SessionId
    client_id: ClientId | None = None


class SessionEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A browser signed out."""

    user_id: UserId
    session_id: SessionId


class SignedOutEverywhere(msgspec.Struct, frozen=True, kw_only=True):
    """All sessions and tokens of a user were ended."""

    user_id: UserId
    sessions: int
    by: str


class LogoutNotDelivered(msgspec.Struct, frozen=True, kw_only=True):
    """An application was not told that somebody signed out, and will not be any more."""

    client_id: ClientId
    user_id: UserId
    session_id: SessionId
    state: str
    attempts: int
    reason: str


class DeliveryFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A message will never arrive: refused for good, or not taken in time."""

    identifier_digest: IdentifierDigest
    channel: str
    state: str
    reason: str
    """The last thing that went wrong, without code, link and recipient; empty where it was never
    tried."""


class LimitReached(msgspec.Struct, frozen=True, kw_only=True):
    """A limit said no."""

    limit: str
    identifier_digest: IdentifierDigest | None = None
    client_id: ClientId | None = None


class SmsPumpingSuspected(msgspec.Struct, frozen=True, kw_only=True):
    """Many starts went to one block of numbers: somebody may be earning on our texts."""

    number_block: str


class CodeReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """An authorization code came a second time; what the first one gave was revoked."""

    client_id: ClientId
    user_id: UserId


class RefreshTokenReused(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token came a second time; all that came of its sign-in was revoked."""

    client_id: ClientId
    user_id: UserId


class DeviceAllowed(msgspec.Struct, frozen=True, kw_only=True):
    """A person let a device sign in as them."""

    client_id: ClientId
    user_id: UserId
    session_id: SessionId


class DeviceDenied(msgspec.Struct, frozen=True, kw_only=True):
    """A person who had typed a device's code said no."""

    client_id: ClientId
    user_id: UserId | None


class ConsentGranted(msgspec.Struct, frozen=True, kw_only=True):
    """A person let somebody else's application know them."""

    user_id: UserId
    client_id: ClientId
    audience: str | None
    scope: str


class EverythingEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The database may have lost its newest commits: all that was live ended, for everybody."""

    reason: str
    challenges: int
    messages: int
    requests: int
    codes: int
    devices: int
    tokens: int
    sessions: int


class ConnectionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator set how a way in works."""

    connection: str
    settings: dict[str, Any]


class ClientChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator registered an application or set how it works; never holds a secret."""

    client_id: ClientId
    settings: dict[str, Any]
    secret_changed: bool


class ClientRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator removed an application; what it held in tokens ended."""

    client_id: ClientId


class ClientRegistered(msgspec.Struct, frozen=True, kw_only=True):
    """An application registered itself; never holds a secret."""

    client_id: ClientId
    registration_token_id: str
    settings: dict[str, Any]


class RegistrationTokenIssued(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator let applications register themselves."""

    registration_token_id: str
    uses: int
    expires_at: datetime


class RegistrationTokenEnded(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator took that back; applications that came with it stayed."""

    registration_token_id: str


class ApiChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator registered an API or set how its tokens are."""

    audience: str
    settings: dict[str, Any]


class ApiRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator removed an API; its tokens ended."""

    audience: str


class SigningKeyRotated(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator let the next key sign."""

    key_id: KeyId
    algorithm: str
    at_once: bool


class SigningKeyWithdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator took a key out of the published set; what it had signed is good no more."""

    key_id: KeyId


Event = (
    ChallengeIssued
    | ChallengeRefused
    | ChallengesVoided
    | IdentifierVerified
    | UserCreated
    | UserBlocked
    | UserUnblocked
    | UserDeleted
    | SessionOpened
    | SessionEnded
    | SignedOutEverywhere
    | LogoutNotDelivered
    | DeliveryFailed
    | LimitReached
    | SmsPumpingSuspected
    | CodeReplayed
    | RefreshTokenReused
    | DeviceAllowed
    | DeviceDenied
    | ConsentGranted
    | EverythingEnded
    | ConnectionChanged
    | ClientChanged
    | ClientRemoved
    | ClientRegistered
    | RegistrationTokenIssued
    | RegistrationTokenEnded
    | ApiChanged
    | ApiRemoved
    | SigningKeyRotated
    | SigningKeyWithdrawn
)

INDEXED = ("user_id", "client_id", "identifier_digest")
"""Fields that have a column of their own."""


def details_of(event: Event) -> dict[str, Any]:
    """Return the fields that have no column of their own."""
    return {name: getattr(event, name) for name in event.__struct_fields__ if name not in INDEXED}
