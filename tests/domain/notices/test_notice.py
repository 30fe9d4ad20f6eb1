"""A notice, its logout token, and what an answer to it means."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from latchstring.base.ids import ClientId, SessionId, UserId
from latchstring.domain.notices.notice import (
    EVENT,
    WAITS,
    State,
    after_answer,
    after_failure,
    logout_token,
    notice_of,
)

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTICE = notice_of(ClientId("acme"), SessionId("a-sid"), UserId("email|1"), now=AT)


def tried(times: int):
    return msgspec.structs.replace(NOTICE, attempts=times)


def test_the_token_says_what_the_specification_wants_and_has_no_nonce():
    assert logout_token("https://auth.test/", NOTICE, now=AT) == {
        "iss": "https://auth.test/",
        "aud": "acme",
        "iat": int(AT.timestamp()),
        "exp": int(AT.timestamp()) + 120,
        "jti": NOTICE.id,
        "sub": "email|1",
        "sid": "a-sid",
        "events": {EVENT: {}},
    }


def test_one_application_hears_of_one_session_under_one_id():
    again = notice_of(ClientId("acme"), SessionId("a-sid"), UserId("x"), now=AT + WAITS[0])
    assert again.id == NOTICE.id
    for client, sid in (("acme2", "a-sid"), ("acme", "b-sid")):
        other = notice_of(ClientId(client), SessionId(sid), NOTICE.user_id, now=AT)
        assert other.id != NOTICE.id


@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_application_that_takes_it_was_told(status):
    outcome = after_answer(tried(1), status, now=AT, draw=lambda: 0.0)
    assert (outcome.state, outcome.last_error) == (State.TOLD, "")


def test_an_application_that_refuses_it_is_not_asked_again():
    outcome = after_answer(tried(1), 400, now=AT, draw=lambda: 0.0)
    assert (outcome.state, outcome.last_error) == (State.REFUSED, "the application answered 400")


@pytest.mark.parametrize("status", [301, 302, 307, 401, 404, 408, 429, 500, 502, 503, 504])
def test_anything_else_is_tried_again(status):
    outcome = after_answer(tried(1), status, now=AT, draw=lambda: 0.0)
    assert (outcome.state, outcome.due_at) == (State.WAITING, AT + timedelta(seconds=2))


def test_r17_after_four_more_tries_further_and_further_apart_nobody_tries_any_more():
    waits = []
    for times in (1, 2, 3, 4):
        outcome = after_failure(tried(times), "did not answer", now=AT, draw=lambda: 0.0)
        assert outcome.state is State.WAITING
        waits.append((outcome.due_at - AT).total_seconds())
    assert waits == [2, 10, 60, 300]
    last = after_failure(tried(5), "did not answer", now=AT, draw=lambda: 0.0)
    assert (last.state, last.last_error) == (State.GIVEN_UP, "did not answer")


def test_those_that_failed_together_come_back_apart():
    early = after_failure(tried(3), "", now=AT, draw=lambda: 0.0)
    late = after_failure(tried(3), "", now=AT, draw=lambda: 0.999)
    assert timedelta(seconds=14) < late.due_at - early.due_at <= timedelta(seconds=15)
