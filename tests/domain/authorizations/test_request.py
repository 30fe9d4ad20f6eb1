"""What satisfies a request, moment by moment."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from latchstring.base.ids import ClientId, IdentifierDigest, SessionId
from latchstring.domain.authorizations.request import (
    AuthorizationRequest,
    Prompt,
    Proof,
    Wanted,
    open_request,
)
from latchstring.domain.identities.identifier import EMAIL, SMS

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALICE = "alice@example.com"


WANTED = Wanted(
    client_id=ClientId("acme-web"),
    redirect_uri="https://app.test/cb",
    response_mode="query",
    scope="openid",
)


def a_request(**changes) -> AuthorizationRequest:
    return open_request(replace(WANTED, **changes), "browser", now=AT)


def signed_in(seconds: float = -3600, identifier: str = ALICE, connection=EMAIL) -> Proof:
    return Proof(
        session_id=SessionId("an-older-one"),
        connection=connection,
        identifier=identifier,
        authenticated_at=AT + timedelta(seconds=seconds),
    )


def satisfied(request: AuthorizationRequest, proof: Proof, after: float = 0) -> bool:
    return request.is_satisfied_by(proof, now=AT + timedelta(seconds=after))


def test_any_session_answers_a_request_that_demands_nothing():
    assert satisfied(a_request(), signed_in())


@pytest.mark.parametrize("prompt", [Prompt.LOGIN, Prompt.SELECT_ACCOUNT])
def test_an_older_session_does_not_answer_a_request_for_a_fresh_one(prompt):
    request = a_request(prompt=frozenset({prompt, Prompt.CONSENT}))

    assert not satisfied(request, signed_in(seconds=0))
    assert satisfied(request, signed_in(seconds=0.001), after=600)


def test_consent_demands_nothing():
    assert satisfied(a_request(prompt=frozenset({Prompt.CONSENT})), signed_in())


@pytest.mark.parametrize(("age", "answers"), [(59.999, True), (60, False), (3600, False)])
def test_max_age_counts_from_the_sign_in(age, answers):
    assert satisfied(a_request(max_age_seconds=60), signed_in(-age)) is answers


def test_a_sign_in_after_the_request_is_young_enough_however_long_it_took_to_come_back():
    assert satisfied(a_request(max_age_seconds=0), signed_in(10), after=1000)


def test_a_named_connection_wants_a_session_of_its_own_or_a_fresh_one():
    request = a_request(connection=SMS)

    assert not satisfied(request, signed_in(connection=EMAIL))
    assert satisfied(request, signed_in(connection=SMS))
    assert satisfied(request, signed_in(10, connection=EMAIL), after=20)


def test_once_the_person_said_who_they_are_nobody_else_will_do():
    request = note(a_request(), "bob@example.com")

    assert not satisfied(request, signed_in())
    assert not satisfied(request, signed_in(10), after=20)
    assert satisfied(request, signed_in(10, identifier="bob@example.com"), after=20)


def test_a_request_waits_for_half_an_hour_or_its_answer():
    request = a_request()

    assert request.is_pending(AT + timedelta(minutes=29, seconds=59))
    assert not request.is_pending(AT + timedelta(minutes=30))
    assert not replace(request, completed_at=AT).is_pending(AT)


def note(request: AuthorizationRequest, identifier: str) -> AuthorizationRequest:
    digest = IdentifierDigest("digest")
    return replace(
        request, identifier=identifier, identifier_digest=digest, challenged_connection=EMAIL
    )


def test_the_session_opened_for_the_request_answers_it_whatever_the_clock_did():
    request = replace(
        a_request(prompt=frozenset({Prompt.LOGIN})), session_id=SessionId("an-older-one")
    )

    assert satisfied(request, signed_in(seconds=-2))
