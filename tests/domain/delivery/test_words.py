"""Names, durations and times as people read them."""

from datetime import timedelta, timezone
from gettext import NullTranslations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.domain.delivery.words import clock_time, direction, duration, one_line
from tests.support.delivery import NOW


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "1 minute"),
        (600, "10 minutes"),
        (90, "90 seconds"),
        (170, "2 minutes and 50 seconds"),
        (3600, "1 hour"),
        (7200, "2 hours"),
        (3599, "59 minutes and 59 seconds"),
        (5400, "1 hour and 30 minutes"),
    ],
)
def test_a_lifetime_is_said_exactly_as_long_as_it_is(seconds, words):
    assert duration(seconds, NullTranslations()) == words


def test_a_time_names_its_zone():
    east = NOW.astimezone(timezone(timedelta(hours=5)))
    assert clock_time(east) == "14:02 UTC"
    assert clock_time(east, seconds=True) == "14:02:31 UTC"


@pytest.mark.parametrize(
    ("language", "expected"), [("ar", "rtl"), ("he-IL", "rtl"), ("en", "ltr"), ("de-CH", "ltr")]
)
def test_the_direction_of_writing(language, expected):
    assert direction(language) == expected


@given(st.text(), st.integers(1, 40))
def test_a_name_is_one_printable_line(text, limit):
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line == line.strip()
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in line)
    assert not set("\u2028\u2029\u202e\u2066\ue000\ud800") & set(line)
    line.encode()


def test_a_cut_name_says_so():
    assert one_line("Acme\r\n Corporation  of\tEverywhere", 16) == "Acme Corporatio…"
