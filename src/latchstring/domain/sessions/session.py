"""The session record and its lifetime."""

import hashlib
from datetime import datetime, timedelta

import msgspec

from latchstring.base.ids import ClientId, ConnectionName, SessionId, UserId
from latchstring.base.secrets import encode

TOUCH_AFTER = timedelta(minutes=5)
"""A session is written again only when its last sighting is older than this."""


class Lifetime(msgspec.Struct, frozen=True):
    """How long a session lives unused, and at most."""

    idle: timedelta
    absolute: timedelta


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One browser, one user, one proof."""

    id: SessionId
    user_id: UserId
    connection: ConnectionName
    identifier: str
    amr: tuple[str, ...]
    authenticated_at: datetime
    seen_at: datetime
    idle_ends_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    created_at: datetime

    def is_live(self, now: datetime) -> bool:
        """Whether the browser is still signed in."""
        return self.ended_at is None and now < self.idle_ends_at and now < self.ends_at

    def wants_touch(self, now: datetime) -> bool:
        """Whether its last sighting is old enough to be written down again."""
        return now - self.seen_at >= TOUCH_AFTER


class SignedInTo(msgspec.Struct, frozen=True, kw_only=True):
    """An application that a session signed in to, and that wants to hear of its end."""

    client_id: ClientId
    sid: SessionId
    """What the application was told as ``sid``: this session's, or an earlier one's."""

    user_id: UserId


def session_id_of(token: str) -> SessionId:
    """Return the ``sid`` of a cookie's value; there is no way back."""
    return SessionId(encode(hashlib.sha256(b"sid\0" + token.encode()).digest()))


def open_session(  # noqa: PLR0913 - a record's fields, all keyword-only
    *,
    token: str,
    user_id: UserId,
    connection: ConnectionName,
    identifier: str,
    amr: tuple[str, ...],
    lifetime: Lifetime,
    now: datetime,
) -> Session:
    """Return a new session for a browser that holds the token."""
    return Session(
        id=session_id_of(token),
        user_id=user_id,
        connection=connection,
        identifier=identifier,
        amr=amr,
        authenticated_at=now,
        seen_at=now,
        idle_ends_at=now + lifetime.idle,
        ends_at=now + lifetime.absolute,
        ended_at=None,
        created_at=now,
    )
