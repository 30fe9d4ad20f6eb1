"""What an attempt means for its message."""

from datetime import timedelta

from latchstring.domain.delivery.message import State
from latchstring.domain.delivery.senders import SendError
from latchstring.domain.delivery.verdict import (
    Again,
    Report,
    Settlement,
    after_failure,
    without_sending,
)
from tests.support.delivery import NOW, a_message


def verdict_on(error, message=None):
    message = message or a_message(attempts=1)
    return after_failure(message, error, reason="451 later", now=NOW, draw=lambda: 0.5)


def test_a_decoy_is_suppressed_even_when_it_is_late():
    decoy = a_message(decoy=True, give_up_at=NOW)
    assert without_sending(decoy, NOW) == Settlement(state=State.SUPPRESSED)


def test_a_late_message_expires_with_what_was_the_matter():
    late = a_message(give_up_at=NOW, last_error="421 busy")
    assert without_sending(late, NOW) == Settlement(state=State.EXPIRED, last_error="421 busy")
    assert without_sending(late, NOW - timedelta(milliseconds=1)) is None


def test_a_final_refusal_is_final():
    verdict = verdict_on(SendError("550 no", permanent=True))
    assert verdict == Settlement(state=State.FAILED, last_error="451 later")


def test_a_passing_refusal_is_tried_again():
    verdict = verdict_on(SendError("451 later", permanent=False))
    assert verdict == Again(due_at=NOW + timedelta(milliseconds=600), last_error="451 later")


def test_no_attempt_is_planned_past_the_end():
    ending = a_message(attempts=1, give_up_at=NOW + timedelta(milliseconds=500))
    verdict = verdict_on(SendError("451 later", permanent=False), ending)
    assert verdict == Settlement(state=State.EXPIRED, last_error="451 later")


def test_a_report_names_where_the_message_stands():
    again = Report(message=a_message(), verdict=Again(due_at=NOW), at=NOW)
    ended = Report(message=a_message(), verdict=Settlement(state=State.FAILED), at=NOW)
    assert (again.state, ended.state) == (State.QUEUED, State.FAILED)
