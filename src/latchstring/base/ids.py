"""Names for the ids that cross between rooms, and the maker of sortable ones."""

import secrets
import threading
from datetime import datetime
from typing import NewType

from latchstring.base.clock import milliseconds

UserId = NewType("UserId", str)
"""``email|…`` or ``sms|…``: the subject an application sees; never changed, never reused."""

ClientId = NewType("ClientId", str)
ConnectionName = NewType("ConnectionName", str)
"""``email`` or ``sms``."""

ChallengeId = NewType("ChallengeId", str)
"""20 base64url characters (120 random bits); code, link and Message-ID are derived from it."""

IdentifierDigest = NewType("IdentifierDigest", str)
"""Digest of connection and normalized identifier; the leading key of every hot table."""

SessionId = NewType("SessionId", str)
"""The public ``sid`` of a browser session; a one-way image of the cookie's value."""

AuthorizationId = NewType("AuthorizationId", str)
"""A pending authorization request; worthless without the cookie of the browser that made it."""

FamilyId = NewType("FamilyId", str)
"""All the refresh tokens that come of one sign-in; 20 base64url characters (120 random bits)."""

MessageId = NewType("MessageId", str)
NoticeId = NewType("NoticeId", str)
"""What an application was told once; the ``jti`` of the logout token."""

KeyId = NewType("KeyId", str)
"""The ``kid`` of a signing key."""

_RANDOM_BITS = 80
_STEP_BITS = 32
_LATEST = [0]
_TAKING = threading.Lock()


def new_id(prefix: str, moment: datetime | None = None) -> str:
    """Return ``prefix_`` and 32 hex digits: 48 bits of milliseconds, then 80 random bits.

    Ids of later moments sort later, and so do those made later within one millisecond of one
    process: an index grows at its right edge, and events that share a moment keep their order.
    """
    now = milliseconds() if moment is None else int(moment.timestamp() * 1000)
    value = now << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    with _TAKING:
        latest = _LATEST[0]
        if value <= latest and value >> _RANDOM_BITS == latest >> _RANDOM_BITS:
            value = latest + 1 + secrets.randbits(_STEP_BITS)
        _LATEST[0] = value
    return f"{prefix}_{value:032x}"


def first_id(prefix: str, moment: datetime) -> str:
    """Return what every id that was made at this moment or later sorts behind."""
    value = int(moment.timestamp() * 1000) << _RANDOM_BITS
    return f"{prefix}_{value:032x}"
