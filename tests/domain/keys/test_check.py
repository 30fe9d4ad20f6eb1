"""Telling a wrong key file before it does harm."""

import pytest

from latchstring.base.secrets import Keyring
from latchstring.domain.keys.check import KeyCheck, WrongKeyFile, checks_of, newer, unknown_to

ONE = Keyring({1: b"a" * 32})
BOTH = Keyring({1: b"a" * 32, 2: b"b" * 32})
NEW = Keyring({2: b"b" * 32})


def test_a_new_database_takes_every_version():
    assert unknown_to([], checks_of(BOTH)) == checks_of(BOTH)


def test_a_rotated_file_brings_its_new_version():
    (fresh,) = unknown_to(checks_of(ONE), checks_of(BOTH))

    assert fresh.version == 2
    assert unknown_to(checks_of(BOTH), checks_of(BOTH)) == []


def test_an_old_version_may_leave_the_file():
    assert unknown_to(checks_of(BOTH), checks_of(NEW)) == []


def test_another_key_under_a_known_version_is_refused():
    with pytest.raises(WrongKeyFile, match="Key version 1 in the key file is not the one"):
        unknown_to(checks_of(ONE), checks_of(Keyring({1: b"x" * 32, 2: b"b" * 32})))


def test_a_file_without_any_known_version_is_refused():
    with pytest.raises(WrongKeyFile, match=r"none of the key versions \(1\)"):
        unknown_to(checks_of(ONE), checks_of(NEW))


def test_the_check_says_nothing_of_the_key():
    (check,) = checks_of(ONE)

    assert check == KeyCheck(1, check.check_value)
    assert len(check.check_value) == 43
    assert "a" * 32 not in check.check_value


def test_a_file_that_lacks_newer_versions_is_told_which():
    assert newer(checks_of(BOTH), checks_of(ONE)) == [2]
    assert newer(checks_of(BOTH), checks_of(NEW)) == []
    assert newer(checks_of(ONE), checks_of(BOTH)) == []
