"""The account an application knows by its subject."""

import re
import secrets
from datetime import datetime

import msgspec

from latchstring.base.errors import Forbidden
from latchstring.base.ids import ConnectionName, IdentifierDigest, UserId

_SUBJECT = re.compile(r"(?:email|sms)\|[0-9a-f]{24}")


class UserBlocked(Forbidden):
    """The user is blocked."""


class User(msgspec.Struct, frozen=True):
    """An account. It exists from the first success on, or since an administrator made it."""

    id: UserId
    created_at: datetime
    updated_at: datetime
    blocked_at: datetime | None
    last_sign_in_at: datetime | None
    sign_ins: int

    @property
    def is_blocked(self) -> bool:
        """Whether an administrator shut this account out."""
        return self.blocked_at is not None


class UserIdentifier(msgspec.Struct, frozen=True):
    """An identifier that belongs to a user."""

    identifier_digest: IdentifierDigest
    connection: ConnectionName
    identifier: str
    user_id: UserId
    verified_at: datetime | None
    created_at: datetime
    browsers_known_since: datetime


class Standing(msgspec.Struct, frozen=True):
    """What a start and a verification need to know of the person behind an identifier."""

    user_id: UserId
    blocked_at: datetime | None
    browsers_known_since: datetime


def new_user_id(connection: ConnectionName) -> UserId:
    """Return a fresh subject: the way in, a bar, 24 random hex digits."""
    return UserId(f"{connection}|{secrets.token_hex(12)}")


def is_subject(text: str) -> bool:
    """Whether a text has the form of a subject; Auth0's have the same."""
    return _SUBJECT.fullmatch(text) is not None
