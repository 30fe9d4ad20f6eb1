"""Codes, links and Message-IDs: uniform, repeatable, unforgeable; and what people paste."""

import base64
import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.ids import ChallengeId, IdentifierDigest
from latchstring.base.secrets import Keyring, encode
from latchstring.domain.challenges import secret

KEYRING = Keyring({1: b"k" * 32})
ROTATED = Keyring({1: b"k" * 32, 2: b"n" * 32})
SOMEBODY = IdentifierDigest("digest-of-alice")
CHI_SQUARE_9_P_001 = 27.88
"""Nine degrees of freedom, p = 0.001."""


def an_id(seed: int = 1) -> ChallengeId:
    return ChallengeId(encode(random.Random(seed).randbytes(secret.ID_BYTES)))


def code(challenge_id: ChallengeId, length: int = 6, version: int = 1, keyring=KEYRING) -> str:
    return secret.code_of(challenge_id, length=length, version=version, keyring=keyring)


def token(challenge_id: ChallengeId, version: int = 1, keyring=KEYRING) -> str:
    return secret.link_token(challenge_id, version=version, keyring=keyring)


def test_n1_every_digit_of_100_000_codes_is_uniform_and_a_tenth_begins_with_zero():
    draw = random.Random(7)
    codes = [code(ChallengeId(encode(draw.randbytes(secret.ID_BYTES)))) for _ in range(100_000)]

    assert {len(found) for found in codes} == {6}
    for position in range(6):
        seen = [0] * 10
        for found in codes:
            seen[int(found[position])] += 1
        deviation = sum((count - 10_000) ** 2 / 10_000 for count in seen)
        assert deviation < CHI_SQUARE_9_P_001, position
    assert 0.095 < sum(found[0] == "0" for found in codes) / len(codes) < 0.105


@pytest.mark.parametrize("length", range(6, 13))
def test_a_code_has_as_many_digits_as_it_should(length):
    codes = {code(an_id(seed), length) for seed in range(200)}

    assert {len(found) for found in codes} == {length}
    assert all(found.isascii() and found.isdecimal() for found in codes)
    assert len(codes) > 190


def test_challenge_ids_are_120_random_bits():
    ids = {secret.new_challenge_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert {len(found) for found in ids} == {20}


def test_the_same_challenge_gives_the_same_secrets_every_time():
    assert code(an_id()) == code(an_id())
    assert token(an_id()) == token(an_id())
    first, again = (secret.message_id_of(an_id(), version=1, keyring=KEYRING) for _ in range(2))
    assert first == again


def test_another_challenge_key_or_purpose_gives_another_secret():
    found = [token(an_id()), token(an_id(2)), token(an_id(), 2, ROTATED)]
    found += [
        secret.message_id_of(an_id(seed), version=version, keyring=ROTATED)
        for seed, version in [(1, 1), (1, 2), (2, 1)]
    ]
    found += [code(an_id(), 12), code(an_id(2), 12), code(an_id(), 12, 2, ROTATED)]

    assert len(set(found)) == len(found)


def test_a_link_token_has_43_characters_and_names_its_challenge():
    found = token(an_id())

    assert len(found) == 43
    assert secret.read_link(found, KEYRING) == secret.GenuineLink(an_id(), 1)


def test_a_link_made_under_an_older_key_is_still_read():
    assert secret.read_link(token(an_id()), ROTATED) == secret.GenuineLink(an_id(), 1)


def test_a_link_under_a_key_that_is_gone_is_refused():
    assert secret.read_link(token(an_id(), 2, ROTATED), KEYRING) is None


def test_a_link_that_claims_another_key_version_is_refused():
    raw = base64.urlsafe_b64decode(token(an_id()) + "=")
    for version in (0, 2, 255):
        forged = raw[:15] + bytes([version]) + raw[16:]
        assert secret.read_link(encode(forged), ROTATED) is None


def test_changing_any_one_bit_of_a_link_makes_it_nothing():
    raw = base64.urlsafe_b64decode(token(an_id()) + "=")
    for bit in range(len(raw) * 8):
        forged = bytearray(raw)
        forged[bit // 8] ^= 1 << bit % 8
        assert secret.read_link(encode(bytes(forged)), ROTATED) is None


@pytest.mark.parametrize(
    "mangle",
    [
        lambda t: "",
        lambda t: t[:-1],
        lambda t: t + "A",
        lambda t: t + "=",
        lambda t: t + ".",
        lambda t: " " + t[1:],
        lambda t: t[:-1] + " ",
        lambda t: t[:20] + "+" + t[21:],
        lambda t: t[:20] + "/" + t[21:],
        lambda t: t[:20] + "=" + t[21:],
        lambda t: t[:20] + "%" + t[21:],
        lambda t: t[:20] + "\u00e4" + t[21:],
        lambda t: t[:20] + "\uff21" + t[21:],
        lambda t: t.swapcase(),
        lambda t: t[::-1],
        lambda t: "A" * 43,
        lambda t: t * 2,
    ],
)
def test_a_mangled_link_is_nothing(mangle):
    assert secret.read_link(mangle(token(an_id())), KEYRING) is None


def test_a_link_has_one_spelling_only():
    # The last character carries two bits that mean nothing: four spellings, one accepted.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    genuine = token(an_id())
    accepted = [a for a in alphabet if secret.read_link(genuine[:-1] + a, KEYRING)]

    assert accepted == [genuine[-1]]


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=43, max_size=43))
def test_no_made_up_link_is_read(text):
    assert secret.read_link(text, KEYRING) is None


def test_v_17_the_row_of_a_code_tells_nobody_which_code_it_was():
    found = code(an_id())
    kept = secret.answer_digest(SOMEBODY, found, version=1, keyring=KEYRING)
    guessed = Keyring({1: b"x" * 32})

    assert kept != secret.answer_digest(SOMEBODY, found, version=1, keyring=guessed)
    for parts in ("{0}", f"{SOMEBODY}{{0}}", f"{SOMEBODY}\0{{0}}", "answer\0{0}"):
        assert kept != encode(hashlib.sha256(parts.format(found).encode()).digest())


def test_the_same_code_of_two_people_looks_different_in_the_table():
    alice, bob = (
        secret.answer_digest(IdentifierDigest(name), "123456", version=1, keyring=KEYRING)
        for name in ("digest-of-alice", "digest-of-bob")
    )

    assert alice != bob


@pytest.mark.parametrize(
    "pasted",
    [
        "012345",
        " 012345 ",
        "012345\r\n",
        "012 345",
        "012-345",
        "012\u2011345",
        "012\u2013345",
        "012\u2212345",
        "0 1 2 3 4 5",
        "\u200b012345\ufeff",
        "\u200e012345\u200f",
        "012\u00a0345",
        "012\u202f345",
        "012\u2009345",
        "01\u00ad2345",
        "\uff10\uff11\uff12\uff13\uff14\uff15",
        "\u0660\u0661\u0662\u0663\u0664\u0665",
        "\u0966\u0967\u0968\u0969\u096a\u096b",
        "Your code is 012345",
        "012345 is your Acme code",
        "Acme: 012-345.",
        "(012345)",
        "#012345",
        "\u300c012345\u300d",
    ],
)
def test_a_code_is_found_in_what_people_paste(pasted):
    assert secret.cleaned_answer(pasted) == "012345"


@pytest.mark.parametrize(
    ("pasted", "read"),
    [
        ("", ""),
        (" - ", ""),
        ("abc", "abc"),
        ("123456 or 654321", "123456or654321"),
        ("12a34", "12a34"),
        ("\u00b9\u00b2\u00b3", "\u00b9\u00b2\u00b3"),
        ("\u2460\u2461", "\u2460\u2461"),
    ],
)
def test_what_holds_no_single_code_stays_what_it_is(pasted, read):
    assert secret.cleaned_answer(pasted) == read


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text):
    once = secret.cleaned_answer(text)

    assert secret.cleaned_answer(once) == once
