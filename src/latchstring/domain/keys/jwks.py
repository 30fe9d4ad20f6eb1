"""The published key set (RFC 7517 section 5)."""

from collections.abc import Container, Iterable
from datetime import timedelta

import msgspec

from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys.key import KeyState, SigningKey

MAX_AGE = timedelta(minutes=5)
"""How long whoever verifies may go on with the set they have."""

_ORDER = (KeyState.CURRENT, KeyState.NEXT, KeyState.PREVIOUS)
_FIRST = tuple(SigningAlgorithm)


def in_order(keys: Iterable[SigningKey]) -> list[SigningKey]:
    """Return the keys, those that sign first: some verifiers look at the first one alone."""
    return sorted(keys, key=lambda key: (_ORDER.index(key.state), _FIRST.index(key.algorithm)))


def document(keys: Iterable[SigningKey], algorithms: Container[SigningAlgorithm]) -> bytes:
    """Return the key set as JSON: public halves alone, of the algorithms that somebody reads."""
    published = [key.public_jwk for key in in_order(keys) if key.algorithm in algorithms]
    return msgspec.json.encode({"keys": published})
