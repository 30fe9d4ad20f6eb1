"""Digests, sealing, and the one spelling of a token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.secrets import (
    BrokenSeal,
    Keyring,
    UnknownKey,
    decode,
    digest,
    encode,
    equal,
    random_token,
)

OLD = Keyring({1: b"a" * 32})
BOTH = Keyring({1: b"a" * 32, 2: b"b" * 32})


@given(st.binary(max_size=64))
def test_bytes_come_back_as_they_were(data):
    assert decode(encode(data)) == data


@pytest.mark.parametrize("text", ["AB", "QQ==", "Q!Q", "QUI\n", "Q Q", "é"])
def test_a_second_spelling_of_a_token_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        decode(text)


def test_tokens_have_256_bits_and_never_repeat():
    tokens = {random_token() for _ in range(1000)}

    assert len(tokens) == 1000
    assert {len(decode(token)) for token in tokens} == {32}


def test_a_digest_tells_tokens_apart():
    assert digest("one") != digest("two")
    assert equal(digest("one"), digest("one"))
    assert not equal("one", "two")


def test_labels_keep_purposes_apart():
    assert OLD.mac("code", b"x") != OLD.mac("link", b"x")


def test_the_newest_key_is_the_current_one():
    assert BOTH.current == 2
    assert BOTH.mac("code", b"x") == BOTH.mac("code", b"x", version=2)
    assert BOTH.mac("code", b"x", version=1) == OLD.mac("code", b"x")


def test_an_unknown_key_version_is_named():
    with pytest.raises(UnknownKey):
        OLD.mac("code", b"x", version=2)
    with pytest.raises(UnknownKey):
        OLD.unseal("key", BOTH.seal("key", b"secret"))


@given(st.binary(max_size=200))
def test_what_was_sealed_opens_again_also_after_a_rotation(secret):
    sealed = OLD.seal("key", secret)

    assert BOTH.unseal("key", sealed) == secret
    assert secret not in sealed.encode() or len(secret) < 8


def test_a_seal_is_for_one_purpose_and_one_text():
    sealed = OLD.seal("key", b"secret")
    version, _, body = sealed.partition(".")
    flipped = bytearray(decode(body))
    flipped[-1] ^= 1

    with pytest.raises(BrokenSeal):
        OLD.unseal("other", sealed)
    with pytest.raises(BrokenSeal):
        OLD.unseal("key", f"{version}.{encode(bytes(flipped))}")


def test_a_keyring_does_not_show_its_keys():
    assert "aaaa" not in repr(OLD)


def test_new_secrets_are_made_under_the_version_in_use_which_need_not_be_the_newest():
    standing_by = Keyring(BOTH.versions, in_use=1)

    assert standing_by.current == 1
    assert standing_by.mac("a", b"x") == OLD.mac("a", b"x") != BOTH.mac("a", b"x")
    assert OLD.unseal("a", standing_by.seal("a", b"x")) == b"x"
    assert standing_by.unseal("a", BOTH.seal("a", b"x")) == b"x"
