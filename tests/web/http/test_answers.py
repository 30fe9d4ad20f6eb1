"""When to come back, where to go, and what no cache keeps."""

from datetime import UTC, datetime, timedelta

import pytest

from latchstring.base.errors import NotFound, TooManyRequests, Unavailable
from latchstring.web.http import answers

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wait", "seconds"), [(-5, 1), (0, 1), (0.2, 1), (1, 1), (1.001, 2), (59.4, 60), (60, 60)]
)
def test_who_comes_back_then_does_not_come_too_early(wait, seconds):
    limited = TooManyRequests("starts", allowed=7, until=NOW + timedelta(seconds=wait))

    headers = answers.retry_headers(limited, NOW)

    assert headers["Retry-After"] == str(seconds)
    assert int(headers["X-RateLimit-Reset"]) >= NOW.timestamp() + wait
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("7", "0")


def test_trouble_of_ours_is_over_soon_and_other_errors_do_not_end():
    assert answers.retry_headers(Unavailable(), NOW) == {"Retry-After": "2"}
    assert answers.retry_headers(NotFound(), NOW) == {}


@pytest.mark.parametrize(
    ("url", "values", "result"),
    [
        ("/a", {"x": "1 &", "y": None}, "/a?x=1+%26"),
        ("/a?b=c", {"x": "1"}, "/a?b=c&x=1"),
        ("/a", {"x": None}, "/a"),
    ],
)
def test_values_that_exist_join_the_query(url, values, result):
    assert answers.with_query(url, values) == result


def test_a_redirect_is_kept_by_nobody_and_told_to_nobody_else():
    answer = answers.see_other("https://acme.example/cb?code=secret")

    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
