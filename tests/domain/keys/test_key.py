"""A signing key: half of it in the open, half of it sealed."""

import pytest

from latchstring.base.secrets import BrokenSeal, Keyring, UnknownKey
from latchstring.domain.keys.key import generate, unseal
from tests.support.provider import AT, KEYRING


def test_the_private_half_is_nowhere_in_the_row():
    key = generate(KEYRING, AT)
    private = unseal(key, KEYRING).private.as_dict(private=True)

    assert private.keys() >= {"d", "p", "q"}
    for name in ("d", "p", "q", "dp", "dq", "qi"):
        assert str(private[name]) not in repr(key)
        assert name not in key.public_jwk


def test_the_id_is_the_thumbprint():
    key = generate(KEYRING, AT)

    assert key.id == unseal(key, KEYRING).private.thumbprint()
    assert key.public_jwk["kid"] == key.id


def test_only_the_right_key_file_opens_it():
    key = generate(KEYRING, AT)

    with pytest.raises(BrokenSeal):
        unseal(key, Keyring({1: b"x" * 32}))
    with pytest.raises(UnknownKey):
        unseal(key, Keyring({2: b"k" * 32}))
    assert unseal(key, Keyring({1: b"k" * 32, 2: b"y" * 32})).id == key.id
