"""When a failed message is tried again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from latchstring.domain.delivery.schedule import LONGEST, SOONEST, next_attempt
from tests.support.delivery import NOW

SOON = NOW + timedelta(hours=1)


@given(st.integers(1, 100_000), st.floats(0, 1, exclude_max=True))
def test_the_wait_stays_between_soonest_and_longest(attempts, drawn):
    again = next_attempt(NOW, attempts=attempts, give_up_at=SOON, draw=lambda: drawn)
    assert again is not None
    assert SOONEST - timedelta(milliseconds=1) <= again - NOW <= LONGEST


def test_the_ceiling_doubles_from_one_second():
    def longest(attempts):
        again = next_attempt(NOW, attempts=attempts, give_up_at=SOON, draw=lambda: 0.999999)
        assert again is not None
        return round((again - NOW).total_seconds())

    assert [longest(attempts) for attempts in (1, 2, 3, 4, 5, 6, 7, 40)] == [
        1, 2, 4, 8, 16, 32, 40, 40,
    ]  # fmt: skip


def test_full_jitter_can_be_almost_at_once():
    again = next_attempt(NOW, attempts=9, give_up_at=SOON, draw=lambda: 0.0)
    assert again == NOW + SOONEST


def test_the_provider_s_wish_comes_first():
    again = next_attempt(
        NOW, attempts=1, give_up_at=SOON, draw=lambda: 0.5, not_before=timedelta(minutes=2)
    )
    assert again == NOW + timedelta(minutes=2)


def test_nothing_is_tried_at_or_after_the_end():
    for end in (timedelta(0), timedelta(milliseconds=200), timedelta(seconds=-5)):
        assert next_attempt(NOW, attempts=1, give_up_at=NOW + end, draw=lambda: 0.0) is None
    wish = timedelta(minutes=61)
    assert next_attempt(NOW, attempts=1, give_up_at=SOON, draw=lambda: 0, not_before=wish) is None
