"""A signing key: half of it in the open, half of it sealed."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from latchstring.base.secrets import BrokenSeal, Keyring, UnknownKey
from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys import jwk
from latchstring.domain.keys.key import SEAL, KeyState, generate, unseal
from tests.support.provider import AT, KEYRING

READERS: dict[SigningAlgorithm, Any] = {
    SigningAlgorithm.RS256: RSAKey,
    SigningAlgorithm.ES256: ECKey,
}
SECRET_PARTS = {
    SigningAlgorithm.RS256: {"d", "p", "q", "dp", "dq", "qi"},
    SigningAlgorithm.ES256: {"d"},
}
KEYS = {
    algorithm: generate(algorithm, KeyState.CURRENT, KEYRING, now=AT)
    for algorithm in SigningAlgorithm
}


@pytest.fixture(params=SigningAlgorithm)
def key(request):
    return KEYS[request.param]


def test_the_private_half_is_nowhere_in_the_row(key):
    private = jwk.whole(unseal(key, KEYRING))

    assert private.keys() - key.public_jwk.keys() == SECRET_PARTS[key.algorithm]
    for name in SECRET_PARTS[key.algorithm]:
        assert private[name] not in repr(key)


def test_an_independent_library_reads_both_halves_and_gives_the_same_thumbprint(key):
    read = READERS[key.algorithm].import_key
    whole = read(jwk.whole(unseal(key, KEYRING)))

    assert read(key.public_jwk).thumbprint() == whole.thumbprint() == key.id
    assert key.public_jwk["kid"] == key.id
    assert key.public_jwk["alg"] == key.algorithm.value


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_we_read_a_key_that_an_independent_library_wrote(algorithm):
    theirs = READERS[algorithm].generate_key(2048 if algorithm == "RS256" else "P-256")

    ours = jwk.private_key(theirs.as_dict(private=True))

    assert ours.private_numbers() == theirs.private_key.private_numbers()
    assert jwk.thumbprint(theirs.as_dict(private=False)) == theirs.thumbprint()


def test_coordinates_keep_their_leading_zeros():
    # RFC 7518 section 6.2.1.2: always 32 bytes, or every 128th key is refused somewhere.
    assert jwk._coordinate(2) == "A" * 42 + "I"


def test_only_the_right_key_file_opens_it(key):
    with pytest.raises(BrokenSeal):
        unseal(key, Keyring({1: b"x" * 32}))
    with pytest.raises(UnknownKey):
        unseal(key, Keyring({2: b"k" * 32}))
    again = unseal(key, Keyring({1: b"k" * 32, 2: b"y" * 32}))
    assert jwk.whole(again) == jwk.whole(unseal(key, KEYRING))


def test_what_is_sealed_is_the_key_as_json(key):
    sealed = json.loads(KEYRING.unseal(SEAL, key.sealed_private_key))

    assert sealed == jwk.whole(unseal(key, KEYRING))
