"""Browsers that have signed in as an identifier before.

They share guessing and start budgets of their own, so that a stranger who burns an identifier's
budgets does not use up its owner's. The proof is a signed value in a cookie, 180 days long; it
names the identifier's digest only, and dies when the user signs out everywhere.
"""

from datetime import datetime, timedelta

from latchstring.base.ids import IdentifierDigest
from latchstring.base.secrets import Keyring, UnknownKey, encode, equal

LIFETIME = timedelta(days=180)
_LABEL = "known-browser"
_SEPARATOR = "~"
_KEPT = 4
_TAG_BYTES = 16


def remember(cookie: str, digest: IdentifierDigest, keyring: Keyring, *, now: datetime) -> str:
    """Return the cookie's new value: this identifier first, and the last few others."""
    others = [mark for mark in cookie.split(_SEPARATOR) if mark and not mark.startswith(digest)]
    seconds = int(now.timestamp())
    mark = _mark(digest, seconds, keyring.current, keyring)
    return _SEPARATOR.join([mark, *others[: _KEPT - 1]])


def known_since(
    cookie: str, digest: IdentifierDigest, keyring: Keyring, *, now: datetime
) -> datetime | None:
    """Return when this browser last signed in as the identifier, if its cookie proves it."""
    for mark in cookie.split(_SEPARATOR):
        if not mark.startswith(digest + "."):
            continue
        try:
            _, seconds, version, _ = mark.split(".")
            genuine = _mark(digest, int(seconds), int(version), keyring)
        except (ValueError, UnknownKey):
            return None
        if not equal(mark, genuine):
            return None
        # Only now: a date that Mallory made up may lie outside of what a clock can show.
        at = datetime.fromtimestamp(int(seconds), now.tzinfo)
        return at if now - at < LIFETIME else None
    return None


def _mark(digest: IdentifierDigest, seconds: int, version: int, keyring: Keyring) -> str:
    tag = keyring.mac(_LABEL, f"{digest}.{seconds}".encode(), version=version)
    return f"{digest}.{seconds}.{version}.{encode(tag[:_TAG_BYTES])}"
