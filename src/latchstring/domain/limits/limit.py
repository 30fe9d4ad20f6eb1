"""A limit, the key it counts by, and what is left of it."""

import hashlib
from datetime import datetime, timedelta

import msgspec

from latchstring.base.secrets import encode

_DIGEST_BYTES = 18


class Limit(msgspec.Struct, frozen=True):
    """``allowed`` uses per key in a window that opens with the first of them."""

    name: str
    allowed: int
    window: timedelta

    def digest_of(self, key: str) -> str:
        """Return what the row is kept under; addresses and numbers do not stand in the table."""
        return encode(hashlib.sha256(f"{self.name}\0{key}".encode()).digest()[:_DIGEST_BYTES])


class Window(msgspec.Struct, frozen=True):
    """A key's current window."""

    used: int
    window_ends_at: datetime


class Lease(msgspec.Struct, frozen=True):
    """Uses that one process may spend by itself, until the window ends."""

    uses: int
    window_ends_at: datetime


class Exhausted(msgspec.Struct, frozen=True):
    """A limit that allows no more before its window ends."""

    limit: Limit
    key: str
    until: datetime
