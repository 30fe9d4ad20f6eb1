"""Guesses over a day and over thirty days."""

from datetime import timedelta

import pytest

from latchstring.domain.challenges.budget import Budget, Guesses, hour_of
from tests.support.house import START_OF_TIME as NOW

BUDGET = Budget(per_day=10, per_month=100)


@pytest.mark.parametrize(
    ("in_a_day", "in_a_month", "used_up"),
    [(0, 0, False), (9, 99, False), (10, 10, True), (0, 100, True), (9, 100, True), (50, 50, True)],
)
def test_the_budget_is_used_up_by_either_count(in_a_day, in_a_month, used_up):
    assert BUDGET.is_used_up(Guesses(in_a_day, in_a_month)) is used_up


def test_answers_are_counted_by_the_whole_hour():
    assert hour_of(NOW) == NOW - timedelta(minutes=30)
    assert hour_of(NOW + timedelta(minutes=29, seconds=59.999)) == hour_of(NOW)
    assert hour_of(NOW + timedelta(minutes=30)) == hour_of(NOW) + timedelta(hours=1)
