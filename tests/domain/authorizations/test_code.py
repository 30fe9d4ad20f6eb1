"""What makes a code's presentation right."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from latchstring.base.ids import ClientId, UserId
from latchstring.domain.authorizations.code import AuthorizationCode, Terms, issue
from tests.support.provider import AT, CALLBACK, CHALLENGE, presented

TERMS = Terms(
    client_id=ClientId("acme-web"),
    redirect_uri=CALLBACK,
    user_id=UserId("email|alice"),
    session_id=None,
    scope="openid",
    nonce=None,
    code_challenge=CHALLENGE,
    auth_time=AT,
    amr=("otp", "email"),
)


def a_code(**changes) -> AuthorizationCode:
    return issue(replace(TERMS, **changes), lifetime=timedelta(seconds=60), now=AT)[1]


def test_only_a_digest_of_the_code_is_kept():
    code, kept = issue(TERMS, lifetime=timedelta(seconds=60), now=AT)

    assert len(code) == 43
    assert code not in repr(kept)


@pytest.mark.parametrize(
    ("code", "how", "reason"),
    [
        ({}, {}, None),
        ({}, {"client_id": "mallory"}, "another client's"),
        ({}, {"redirect_uri": CALLBACK + "/"}, "another redirect_uri"),
        ({}, {"code_verifier": None}, "code_verifier"),
        ({"code_challenge": None}, {}, "code_verifier"),
        ({"code_challenge": None}, {"code_verifier": None}, None),
        (
            {"code_challenge": None},
            {"code_verifier": None, "must_prove": True},
            "a public client's without a code_challenge",
        ),
    ],
)
def test_each_binding_holds(code, how, reason):
    assert a_code(**code).refusal(presented(**how), now=AT) == reason


def test_a_code_ends_with_its_lifetime():
    assert a_code().refusal(presented(), now=AT + timedelta(seconds=59.999)) is None
    assert a_code().refusal(presented(), now=AT + timedelta(seconds=60)) == "expired"
