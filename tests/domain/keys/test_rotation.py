"""When a signing key may take its next step."""

from datetime import timedelta

from msgspec.structs import replace

from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys import jwks
from latchstring.domain.keys.key import KeyState, generate
from latchstring.domain.keys.rotation import PUBLISHED_FIRST, in_state, known_at, lacking
from tests.support.provider import AT, KEYRING

KEY = generate(SigningAlgorithm.ES256, KeyState.NEXT, KEYRING, now=AT)
CURRENT = replace(KEY, state=KeyState.CURRENT)


def test_a_key_is_published_for_longer_than_anybody_may_go_on_with_an_older_set():
    assert PUBLISHED_FIRST > jwks.MAX_AGE
    assert known_at(KEY) == AT + timedelta(minutes=10)


def test_it_is_told_which_algorithms_lack_a_key():
    assert lacking([KEY], KeyState.NEXT) == [SigningAlgorithm.RS256]
    assert lacking([KEY], KeyState.CURRENT) == list(SigningAlgorithm)


def test_keys_are_found_by_algorithm_and_state():
    assert in_state([KEY, CURRENT], SigningAlgorithm.ES256, KeyState.CURRENT) == [CURRENT]
    assert in_state([KEY, CURRENT], SigningAlgorithm.RS256, KeyState.CURRENT) == []
