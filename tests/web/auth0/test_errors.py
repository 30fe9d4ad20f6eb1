"""Auth0's dialect, error by error."""

from datetime import timedelta

import pytest
from starlette.requests import Request

from latchstring.base.errors import (
    AppError,
    ChallengeRefused,
    ClientRefused,
    Forbidden,
    InvalidRequest,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from latchstring.base.origin import Origin
from latchstring.flows.start_passwordless import StartPasswordless
from latchstring.web.auth0.errors import Auth0Errors
from latchstring.web.http.parameters import BodyTooLarge, UnsupportedBody
from latchstring.web.http.surface import WrongMethod
from tests.support.house import START_OF_TIME
from tests.support.refusals import assert_refused

ERRORS: list[tuple[AppError, int, str]] = [
    (InvalidRequest(), 400, "bad.request"),
    (InvalidRequest(field="email"), 400, "bad.email"),
    (InvalidRequest(field="phone_number"), 400, "bad.phone_number"),
    (InvalidRequest(field="client_id"), 400, "bad.client_id"),
    (InvalidRequest(field="connection"), 400, "bad.connection"),
    (InvalidRequest(field="authParams"), 400, "bad.authParams"),
    (InvalidRequest(field="send"), 400, "bad.request"),
    (BodyTooLarge(), 413, "bad.request"),
    (UnsupportedBody(), 415, "bad.request"),
    (WrongMethod("POST"), 405, "bad.request"),
    (ClientRefused(), 403, "unauthorized_client"),
    (ChallengeRefused(), 403, "invalid_grant"),
    (Forbidden(), 403, "access_denied"),
    (NotFound(), 404, "not_found"),
    (Unavailable(), 503, "temporarily_unavailable"),
    (AppError(), 500, "server_error"),
]


def a_request() -> Request:
    request = Request({"type": "http", "headers": [], "state": {}})
    request.state.origin = Origin(ip="192.0.2.7", request_id="req_1")
    return request


@pytest.mark.parametrize(("error", "status", "name"), ERRORS, ids=str)
def test_every_error_has_its_words(clock, error, status, name):
    answer = Auth0Errors(clock)(a_request(), error)
    assert answer.status_code == status
    body = bytes(answer.body).decode()
    assert f'"error":"{name}"' in body
    assert '"request_id":"req_1"' in body
    assert str(error) in body
    assert answer.headers["cache-control"] == "no-store"


def test_a_private_detail_never_leaves(clock):
    answer = Auth0Errors(clock)(a_request(), InvalidRequest(detail="the reason why"))
    assert "reason" not in bytes(answer.body).decode()


def test_a_limit_says_when_to_come_back(clock):
    until = START_OF_TIME + timedelta(seconds=90)
    answer = Auth0Errors(clock)(a_request(), TooManyRequests("starts", allowed=10, until=until))
    assert answer.status_code == 429
    assert 90 <= int(answer.headers["retry-after"]) <= 91
    assert answer.headers["x-ratelimit-limit"] == "10"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert int(answer.headers["x-ratelimit-reset"]) >= until.timestamp()


def test_a_limit_that_ends_now_is_still_in_the_future(clock):
    error = TooManyRequests("starts", allowed=1, until=START_OF_TIME)
    assert int(Auth0Errors(clock)(a_request(), error).headers["retry-after"]) >= 1


def test_trouble_of_ours_says_when_to_come_back(clock):
    assert Auth0Errors(clock)(a_request(), Unavailable()).headers["retry-after"] == "2"


async def test_a_bug_of_ours_is_told_without_a_word_about_it(house, monkeypatch, log):
    async def crash(_self: object, _request: object) -> None:
        message = "a secret reason"
        raise RuntimeError(message)

    monkeypatch.setattr(StartPasswordless, "__call__", crash)
    answer = await house.start()
    assert_refused(answer, 500, "server_error", log)
    assert "secret reason" not in answer.text


async def test_a_database_that_cannot_answer_is_told_so(house, monkeypatch):
    async def fail(_self: object, _request: object) -> None:
        raise Unavailable(detail="disk full")

    monkeypatch.setattr(StartPasswordless, "__call__", fail)
    answer = await house.start()
    assert_refused(answer, 503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_another_method_is_refused_and_the_right_one_named(house, method):
    async with house.http() as http:
        answer = await http.request(method, "/passwordless/start")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    if method != "HEAD":
        assert_refused(answer, 405, "bad.request")
