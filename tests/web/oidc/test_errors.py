"""Every error of ours has its words in OAuth's dialect, and none of them tells a secret."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request

from latchstring.base.errors import AppError, Forbidden, NotFound, TooManyRequests, Unavailable
from latchstring.base.origin import Origin
from latchstring.web.http.form_guard import ForeignForm
from latchstring.web.oidc.errors import OAuthErrors, PageErrors, crashed, row_of
from tests.support.clock import FixedClock
from tests.support.provider import AT, PlainPages


@pytest.fixture
def request_() -> Request:
    request = Request({"type": "http", "headers": []})
    request.state.origin = Origin(ip="127.0.0.1", request_id="req_1")
    return request


def leaves(family: type[AppError]) -> list[type[AppError]]:
    below = [leaf for child in family.__subclasses__() for leaf in leaves(child)]
    return below or [family]


def test_every_error_has_a_row():
    for leaf in leaves(AppError):
        row = row_of(leaf.__new__(leaf))
        assert 400 <= row.status < 600
        assert row.error.isidentifier()


def test_the_private_detail_stays_here(request_):
    answer = OAuthErrors(FixedClock(AT))(request_, Forbidden(detail="the secret is swordfish"))

    assert answer.status_code == 403
    assert b"swordfish" not in answer.body


@pytest.mark.parametrize("seconds", [0.2, 0, -5])
def test_whoever_waits_waits_a_second_at_least(request_, seconds):
    limited = TooManyRequests("starts", allowed=1, until=AT + timedelta(seconds=seconds))

    answer = OAuthErrors(FixedClock(AT))(request_, limited)

    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Unavailable(detail="disk full"), 503, "error: We can't answer just now."),
        (ForeignForm(), 403, "error: This was not sent from our own page."),
        (NotFound(), 400, "error: The application's request is not valid."),
    ],
)
def test_a_person_reads_one_sentence(request_, error: AppError, status: int, words: str):
    answer: Any = PageErrors(PlainPages())(request_, error)

    assert answer.status_code == status
    assert answer.body.decode().startswith(words)


def test_a_crash_has_an_id_and_nothing_else_to_say(request_):
    answer = crashed(request_)

    assert answer.status_code == 500
    assert b'"request_id":"req_1"' in answer.body
