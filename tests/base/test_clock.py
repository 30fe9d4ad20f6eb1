"""The machine's clock, as rows keep it."""

from datetime import UTC

from latchstring.base.clock import SystemClock


def test_the_time_is_aware_and_has_whole_milliseconds():
    now = SystemClock().now()

    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
