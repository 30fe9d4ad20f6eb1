"""One class per event. Its fields become the record's details."""

from dataclasses import dataclass, fields
from typing import Any

from latchstring.base.ids import ClientId, IdentifierDigest, KeyId, SessionId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeIssued:
    """A code or link was asked for; the message is in the outbox."""

    identifier_digest: IdentifierDigest
    client_id: ClientId
    connection: str
    send: str
    decoy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeRefused:
    """An answer did not fit."""

    identifier_digest: IdentifierDigest
    client_id: ClientId
    connection: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengesVoided:
    """All live codes and links of an identifier were ended without a success."""

    identifier_digest: IdentifierDigest
    count: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierVerified:
    """An answer fitted."""

    identifier_digest: IdentifierDigest
    user_id: UserId
    client_id: ClientId
    connection: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated:
    """The first success made the user."""

    user_id: UserId
    identifier_digest: IdentifierDigest
    connection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserBlocked:
    """An administrator shut a user out."""

    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUnblocked:
    """An administrator let a user in again."""

    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeleted:
    """An administrator removed a user."""

    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened:
    """A browser is signed in."""

    user_id: UserId
    session_id: SessionId
    client_id: ClientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """A browser signed out."""

    user_id: UserId
    session_id: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReached:
    """A limit said no."""

    limit: str
    identifier_digest: IdentifierDigest | None = None
    client_id: ClientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsPumpingSuspected:
    """Many starts went to one block of numbers: somebody may be earning on our texts."""

    number_block: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReplayed:
    """An authorization code came a second time; what the first one gave was revoked."""

    client_id: ClientId
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class EverythingEnded:
    """The database may have lost its newest commits: all that was live ended, for everybody."""

    reason: str
    challenges: int
    messages: int
    requests: int
    codes: int
    tokens: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged:
    """An administrator set how a way in works."""

    connection: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChanged:
    """An administrator registered an application or set how it works; never holds a secret."""

    client_id: ClientId
    settings: dict[str, Any]
    secret_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRemoved:
    """An administrator removed an application; what it held in tokens ended."""

    client_id: ClientId


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRotated:
    """An administrator let the next key sign."""

    key_id: KeyId
    algorithm: str
    at_once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyWithdrawn:
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
    | LimitReached
    | SmsPumpingSuspected
    | CodeReplayed
    | EverythingEnded
    | ConnectionChanged
    | ClientChanged
    | ClientRemoved
    | SigningKeyRotated
    | SigningKeyWithdrawn
)

INDEXED = ("user_id", "client_id", "identifier_digest")
"""Fields that have a column of their own."""


def details_of(event: Event) -> dict[str, Any]:
    """Return the fields that have no column of their own."""
    return {
        field.name: getattr(event, field.name)
        for field in fields(event)
        if field.name not in INDEXED
    }
