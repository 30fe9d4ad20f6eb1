"""Which browsers are known, and who cannot pretend to be one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.secrets import Keyring
from latchstring.domain.identities.identifier import digest_of
from latchstring.domain.identities.known_browser import LIFETIME, known_since, remember
from tests.support.house import START_OF_TIME as NOW

ALICE, BOB = digest_of("email", "alice@example.com"), digest_of("email", "bob@example.com")
KEYRING = Keyring({1: b"k" * 32})
ROTATED = Keyring({1: b"k" * 32, 2: b"n" * 32})


def test_a_browser_that_signed_in_is_known_since_then():
    cookie = remember("", ALICE, KEYRING, now=NOW)

    assert known_since(cookie, ALICE, KEYRING, now=NOW + timedelta(days=3)) == NOW


def test_a_browser_is_a_stranger_to_everybody_else():
    cookie = remember("", ALICE, KEYRING, now=NOW)

    assert known_since(cookie, BOB, KEYRING, now=NOW) is None
    assert known_since("", ALICE, KEYRING, now=NOW) is None


def test_a_browser_is_forgotten_after_180_days():
    cookie = remember("", ALICE, KEYRING, now=NOW)
    almost = NOW + LIFETIME - timedelta(seconds=1)

    assert known_since(cookie, ALICE, KEYRING, now=almost)
    assert known_since(cookie, ALICE, KEYRING, now=NOW + LIFETIME) is None


def test_a_shared_browser_knows_the_last_four_of_its_people():
    people = [digest_of("email", f"person{number}@example.com") for number in range(5)]
    cookie = ""
    for person in people:
        cookie = remember(cookie, person, KEYRING, now=NOW)

    known = [known_since(cookie, person, KEYRING, now=NOW) is not None for person in people]

    assert known == [False, True, True, True, True]


def test_signing_in_again_renews_the_mark_and_leaves_one():
    later = NOW + timedelta(days=1)
    cookie = remember(remember("", ALICE, KEYRING, now=NOW), ALICE, KEYRING, now=later)

    assert known_since(cookie, ALICE, KEYRING, now=later) == later
    assert cookie.count(ALICE) == 1


def test_a_mark_outlives_the_key_it_was_made_under_being_newest():
    cookie = remember("", ALICE, KEYRING, now=NOW)

    assert known_since(cookie, ALICE, ROTATED, now=NOW) == NOW
    assert known_since(remember("", ALICE, ROTATED, now=NOW), ALICE, KEYRING, now=NOW) is None


@pytest.mark.parametrize(
    "mark",
    [
        f"{ALICE}.",
        f"{ALICE}.1.1",
        f"{ALICE}.1.1.tag",
        f"{ALICE}.x.1.tag",
        f"{ALICE}.1.x.tag",
        f"{ALICE}.1.7.tag",
        f"{ALICE}.99999999999999999999.1.tag",
        f"{ALICE}.-99999999999999.1.tag",
        f"{ALICE}.{'9' * 5000}.1.tag",
        f"{ALICE}.1.1.t\u00e4g",
        f"{ALICE}.1.1.tag.more",
    ],
)
def test_a_made_up_mark_is_no_mark(mark):
    assert known_since(mark, ALICE, KEYRING, now=NOW) is None


def test_nobody_carries_a_mark_into_a_later_time():
    head, _, tail = remember("", ALICE, KEYRING, now=NOW).partition(".")
    seconds, _, rest = tail.partition(".")
    younger = f"{head}.{int(seconds) + 1}.{rest}"
    longer = f"{head}.0{seconds}.{rest}"

    assert known_since(younger, ALICE, KEYRING, now=NOW) is None
    assert known_since(longer, ALICE, KEYRING, now=NOW) is None


@given(st.text())
def test_no_cookie_raises_anything(cookie):
    assert known_since(f"{ALICE}.{cookie}", ALICE, KEYRING, now=NOW) is None
    assert known_since(cookie, ALICE, KEYRING, now=NOW) is None
    assert remember(cookie, ALICE, KEYRING, now=NOW).startswith(ALICE)
