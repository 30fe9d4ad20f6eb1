"""Names for the ids that cross between rooms, and the maker of sortable ones."""

import secrets
import time
from typing import NewType

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

MessageId = NewType("MessageId", str)
KeyId = NewType("KeyId", str)
"""The ``kid`` of a signing key."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """Return ``prefix_`` and 26 characters: 48 bits of milliseconds, then 80 random bits.

    Ids made later sort later, which keeps an index's inserts on its right edge.
    """
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    digits = [_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(digits)}"
