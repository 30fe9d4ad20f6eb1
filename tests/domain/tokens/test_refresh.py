"""Refresh tokens as text: what they name, and who could have made them."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from latchstring.base.ids import ClientId, UserId
from latchstring.base.secrets import Keyring, decode, encode
from latchstring.domain.tokens.refresh import (
    GRACE,
    LENGTH,
    Basis,
    Lifetime,
    Presented,
    Standing,
    open_family,
    read,
    standing,
    token_of,
)

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
KEYS = Keyring({1: b"k" * 32, 2: b"n" * 32})
ACME = ClientId("acme-web")
LIFETIME = Lifetime(idle=timedelta(days=15), absolute=timedelta(days=30))
FAMILY = open_family(
    Basis(
        client_id=ACME,
        user_id=UserId("email|0123"),
        session_id=None,
        code_digest=None,
        scope="openid offline_access",
        audience=None,
        auth_time=AT,
        amr=("otp", "email"),
    ),
    LIFETIME,
    now=AT,
)


def test_a_token_names_its_family_and_generation():
    token = token_of(FAMILY.id, 7, KEYS)

    assert len(token) == LENGTH
    assert read(token, KEYS) == Presented(FAMILY.id, 7)


def test_the_same_generation_is_the_same_token_and_another_is_another():
    assert token_of(FAMILY.id, 1, KEYS) == token_of(FAMILY.id, 1, KEYS)
    assert token_of(FAMILY.id, 1, KEYS) != token_of(FAMILY.id, 2, KEYS)


def test_a_token_of_an_older_key_is_read_while_the_key_file_has_it():
    token = token_of(FAMILY.id, 1, Keyring({1: b"k" * 32}))

    assert read(token, KEYS) == Presented(FAMILY.id, 1)
    assert read(token, Keyring({2: b"n" * 32})) is None


@pytest.mark.parametrize("position", range(36))
def test_t13_a_token_with_any_byte_changed_is_none(position):
    raw = bytearray(decode(token_of(FAMILY.id, 7, KEYS)))
    raw[position] ^= 1

    assert read(encode(bytes(raw)), KEYS) is None


@pytest.mark.parametrize("text", ["", "x", "x" * 47, "x" * 49, "ü" * 48, "!" * 48, "A" * 48])
def test_t13_what_is_not_in_our_form_is_none(text):
    assert read(text, KEYS) is None


def test_t13_a_token_cut_short_or_with_something_appended_is_none():
    token = token_of(FAMILY.id, 7, KEYS)

    assert read(token[:-1], KEYS) is None
    assert read(token + "A", KEYS) is None


@pytest.mark.parametrize(
    ("generation", "seconds", "expected"),
    [
        (4, 0, Standing.REPEATED),
        (4, GRACE.total_seconds() - 1, Standing.REPEATED),
        (4, GRACE.total_seconds(), Standing.REUSED),
        (3, 0, Standing.REUSED),
        (6, 0, Standing.REUSED),
    ],
)
def test_the_token_before_the_newest_is_taken_for_a_lost_answer_for_a_moment(
    generation, seconds, expected
):
    family = msgspec.structs.replace(FAMILY, generation=5)
    now = AT + timedelta(seconds=seconds)

    assert standing(family, Presented(family.id, generation), ACME, now=now) is expected


@pytest.mark.parametrize(
    "changes",
    [
        {"ended_at": AT},
        {"idle_ends_at": AT},
        {"ends_at": AT},
    ],
)
def test_a_family_that_is_over_is_over_whatever_comes(changes):
    family = msgspec.structs.replace(FAMILY, **changes)

    assert standing(family, Presented(family.id, 3), ACME, now=AT) is Standing.OVER
    assert not family.is_live(AT)


def test_another_client_s_token_says_nothing_about_reuse():
    mallory = ClientId("mallory-web")

    found = standing(FAMILY, Presented(FAMILY.id, 9), mallory, now=AT)

    assert found is Standing.FOREIGN
