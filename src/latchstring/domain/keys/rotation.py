"""When a signing key may take its next step."""

from collections.abc import Iterable
from datetime import datetime

from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys import jwks
from latchstring.domain.keys.key import KeyState, SigningKey

PUBLISHED_FIRST = 2 * jwks.MAX_AGE
"""How long a key is published before it signs: twice as long as anybody may go on with an older
set, because a cache in between may not tell how old its copy is."""


def known_at(key: SigningKey) -> datetime:
    """Return when whoever verifies has had the time to learn of a published key."""
    return key.changed_at + PUBLISHED_FIRST


def in_state(
    keys: Iterable[SigningKey], algorithm: SigningAlgorithm, state: KeyState
) -> list[SigningKey]:
    """Return an algorithm's keys that are in this state."""
    return [key for key in keys if key.algorithm is algorithm and key.state is state]


def lacking(keys: Iterable[SigningKey], state: KeyState) -> list[SigningAlgorithm]:
    """Return the algorithms that have no key in this state."""
    have = {key.algorithm for key in keys if key.state is state}
    return [algorithm for algorithm in SigningAlgorithm if algorithm not in have]
