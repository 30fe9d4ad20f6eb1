"""Errors say one public sentence and keep the rest private."""

from datetime import UTC, datetime

from latchstring.base.errors import InvalidRequest, NotFound, TooManyRequests


def test_the_public_sentence_is_the_classes_own_unless_another_is_given():
    assert str(NotFound()) == "There is nothing here."
    assert str(NotFound("No such user.")) == "No such user."


def test_a_detail_stays_private():
    error = InvalidRequest(field="email", detail="a control character")

    assert "control" not in str(error)
    assert (error.field, error.detail) == ("email", "a control character")


def test_a_limit_names_itself_and_its_end():
    until = datetime(2026, 1, 1, tzinfo=UTC)
    error = TooManyRequests("starts_per_identifier", allowed=10, until=until)

    assert "starts_per_identifier" in str(error)
    assert (error.allowed, error.until) == (10, until)
