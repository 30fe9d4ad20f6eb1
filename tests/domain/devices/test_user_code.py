"""The code that a device shows: short, readable, forgiving to type, and nowhere stored."""

import math

import pytest

from latchstring.base.errors import Unavailable
from latchstring.base.secrets import Keyring
from latchstring.domain.devices import user_code
from latchstring.domain.devices.user_code import cleaned, digest_of, shown, user_code_of

CODE = "BDWPHQPK"
LETTERS = frozenset(user_code.ALPHABET)


def test_a_code_has_more_than_34_bits_and_no_letter_that_makes_words():
    assert LETTERS.isdisjoint("AEIOUY")
    assert len(LETTERS) == len(user_code.ALPHABET) == 20
    assert user_code.LENGTH * math.log2(len(LETTERS)) > 34


def test_a_grant_has_one_code_under_one_key_and_another_under_another(keyring):
    other = Keyring({1: b"o" * 32})
    code = user_code_of("a-grant", version=1, keyring=keyring)

    assert len(code) == 8
    assert set(code) <= LETTERS
    assert code == user_code_of("a-grant", version=1, keyring=keyring)
    assert code != user_code_of("b-grant", version=1, keyring=keyring)
    assert code != user_code_of("a-grant", version=1, keyring=other)


def test_the_letters_of_many_codes_are_spread_evenly(keyring):
    codes = [user_code_of(f"grant {n}", version=1, keyring=keyring) for n in range(2000)]

    assert len(set(codes)) == 2000
    for place in range(8):
        letters = [code[place] for code in codes]
        assert all(50 < letters.count(letter) < 160 for letter in LETTERS)


def test_a_grant_of_a_key_that_is_not_here_yet_is_no_crash(keyring):
    with pytest.raises(Unavailable):
        user_code_of("a-grant", version=2, keyring=keyring)


def test_what_is_kept_of_a_code_needs_the_key_file(keyring):
    other = Keyring({1: b"o" * 32})
    kept = digest_of(CODE, version=1, keyring=keyring)

    assert CODE not in kept
    assert kept != digest_of(CODE, version=1, keyring=other)
    assert kept == digest_of(CODE, version=1, keyring=keyring)


def test_a_code_is_shown_in_two_halves():
    assert shown(CODE) == "BDWP-HQPK"
    assert cleaned(shown(CODE)) == CODE


@pytest.mark.parametrize(
    "typed",
    [
        "BDWPHQPK",
        "bdwp-hqpk",
        " bdwp hqpk\n",
        "BDWP–HQPK",
        "B D W P - H Q P K",
        "BDWP\u200bHQPK",
        "BDWP_HQPK.",
        "\uff22\uff24\uff37\uff30hqpk",
    ],
)
def test_case_spaces_and_dashes_do_not_matter(typed):
    assert cleaned(typed) == CODE


@pytest.mark.parametrize(
    "typed", ["", "-", "BDWPHQP", "BDWPHQPKK", "BDWPHQPA", "BDWP HQP0", "ß" * 8]
)
def test_what_cannot_be_a_code_is_none(typed):
    assert cleaned(typed) is None
