"""Lengths of time, said exactly."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.durations import in_words


def english(one: str, many: str, count: int) -> str:
    return (one if count == 1 else many) % {"num": count}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, ["0 seconds"]),
        (0, ["0 seconds"]),
        (1, ["1 second"]),
        (60, ["1 minute"]),
        (90, ["90 seconds"]),
        (119, ["119 seconds"]),
        (120, ["2 minutes"]),
        (170, ["2 minutes", "50 seconds"]),
        (3599, ["59 minutes", "59 seconds"]),
        (3600, ["1 hour"]),
        (5400, ["1 hour", "30 minutes"]),
        (3661, ["1 hour", "1 minute", "1 second"]),
    ],
)
def test_a_length_is_told_in_its_parts(seconds, words):
    assert in_words(timedelta(seconds=seconds), english) == words


@given(st.integers(0, 10**6))
def test_nothing_is_lost_or_added(seconds):
    size = {"hour": 3600, "minute": 60, "second": 1}
    words = [text.split() for text in in_words(timedelta(seconds=seconds), english)]
    assert sum(int(count) * size[unit.rstrip("s")] for count, unit in words) == seconds
