"""A notice: one application, one session that ended, from the sign-out to its settlement."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from latchstring.base.ids import ClientId, NoticeId, SessionId, UserId
from latchstring.base.secrets import encode

WAITS = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 300))
"""Before each further try; after the last one nobody tries any more."""

_SPREAD = 0.25
"""Those that failed together do not come back together."""

TOKEN_LIFETIME = timedelta(minutes=2)
EVENT = "http://schemas.openid.net/event/backchannel-logout"

_TAKEN = frozenset({200, 202, 204})
_REFUSED = 400


class State(StrEnum):
    """Where a notice stands; every state but ``waiting`` is final."""

    WAITING = "waiting"
    TOLD = "told"
    """The application took it."""
    REFUSED = "refused"
    """The application, or our own guard, said that it never will."""
    GIVEN_UP = "given_up"
    """The application did not take it in any try."""
    VOID = "void"
    """There is nobody to tell any more: the application is gone, or no longer wants to hear."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What one application is to be told.

    ``due_at`` is when anybody may next take it: the time of the next try or, while somebody holds
    it, the end of the lease.
    """

    id: NoticeId
    client_id: ClientId
    sid: SessionId
    user_id: UserId
    state: State = State.WAITING
    attempts: int = 0
    due_at: datetime
    lease_owner: str | None = None
    created_at: datetime
    last_error: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What came of a try: the state from now on, when to try again, and why it was not taken."""

    state: State
    due_at: datetime
    last_error: str = ""
    tried: bool = True


def notice_of(client_id: ClientId, sid: SessionId, user_id: UserId, *, now: datetime) -> Notice:
    """Return the one notice that tells this application of this session: twice cannot be."""
    named = f"notice\0{sid}\0{client_id}".encode()
    return Notice(
        id=NoticeId(encode(hashlib.sha256(named).digest())),
        client_id=client_id,
        sid=sid,
        user_id=user_id,
        due_at=now,
        created_at=now,
    )


def logout_token(issuer: str, notice: Notice, *, now: datetime) -> dict[str, object]:
    """Return the claims of its logout token (OpenID Back-Channel Logout 1.0 section 2.4).

    Without a ``nonce``, which would make it look like an ID token. Each try has its own times, all
    of them one ``jti``.
    """
    at = int(now.timestamp())
    return {
        "iss": issuer,
        "aud": notice.client_id,
        "iat": at,
        "exp": at + int(TOKEN_LIFETIME.total_seconds()),
        "jti": notice.id,
        "sub": notice.user_id,
        "sid": notice.sid,
        "events": {EVENT: {}},
    }


def after_answer(
    notice: Notice, status: int, *, now: datetime, draw: Callable[[], float]
) -> Outcome:
    """Return what an answer's status means: taken, refused for good, or to be tried again."""
    if status in _TAKEN:
        return Outcome(State.TOLD, now)
    reason = f"the application answered {status}"
    if status == _REFUSED:
        return Outcome(State.REFUSED, now, reason)
    return after_failure(notice, reason, now=now, draw=draw)


def after_failure(
    notice: Notice, reason: str, *, now: datetime, draw: Callable[[], float]
) -> Outcome:
    """Return when to try again, or that nobody will."""
    tried = notice.attempts - 1
    if tried >= len(WAITS):
        return Outcome(State.GIVEN_UP, now, reason)
    return Outcome(State.WAITING, now + WAITS[tried] * (1 + _SPREAD * draw()), reason)
