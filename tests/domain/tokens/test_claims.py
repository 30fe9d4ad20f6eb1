"""Which claims go out, by scope and by person."""

from datetime import UTC, datetime

import pytest

from latchstring.base.ids import ClientId, SessionId, UserId
from latchstring.domain.tokens.claims import CLAIMS, Person, SignIn, describe, id_token

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECONDS = int(AT.timestamp())
ALICE = Person(
    subject=UserId("email|0123"), updated_at=AT, email="alice@example.com", email_verified=True
)
BOB = Person(
    subject=UserId("sms|4567"),
    updated_at=AT,
    phone_number="+447700900123",
    phone_number_verified=True,
)


@pytest.mark.parametrize(
    ("person", "scope", "claims"),
    [
        (ALICE, "openid", {}),
        (ALICE, "openid email", {"email": "alice@example.com", "email_verified": True}),
        (ALICE, "openid phone", {}),
        (
            ALICE,
            "profile",
            {"name": "alice@example.com", "nickname": "alice", "updated_at": SECONDS},
        ),
        (BOB, "openid email", {}),
        (BOB, "phone", {"phone_number": "+447700900123", "phone_number_verified": True}),
        (BOB, "profile", {"name": "+447700900123", "updated_at": SECONDS}),
        (Person(subject=UserId("x"), updated_at=AT), "profile", {"updated_at": SECONDS}),
    ],
)
def test_a_scope_opens_its_claims_where_there_is_something_to_say(person, scope, claims):
    assert describe(person, scope) == {"sub": person.subject} | claims


def sign_in(**changes) -> SignIn:
    values = {
        "client_id": ClientId("acme-web"),
        "scope": "openid profile email phone",
        "nonce": None,
        "session_id": None,
        "auth_time": AT,
        "amr": ("otp", "email"),
    }
    return SignIn(**(values | changes))


def test_an_id_token_has_what_the_protocol_asks_for():
    claims = id_token("https://auth.test/", ALICE, sign_in(scope="openid"), now=AT)

    assert claims == {
        "iss": "https://auth.test/",
        "sub": "email|0123",
        "aud": "acme-web",
        "iat": SECONDS,
        "exp": SECONDS + 36000,
        "auth_time": SECONDS,
        "amr": ["otp", "email"],
    }


def test_nonce_and_sid_are_there_when_there_are_any():
    told = sign_in(nonce="n", session_id=SessionId("s"))

    claims = id_token("https://auth.test/", ALICE, told, now=AT)

    assert (claims["nonce"], claims["sid"]) == ("n", "s")
    assert claims.keys() <= set(CLAIMS)


def test_times_are_whole_seconds():
    now = AT.replace(microsecond=999000)

    claims = id_token("https://auth.test/", ALICE, sign_in(), now=now)

    assert (claims["iat"], claims["exp"]) == (SECONDS, SECONDS + 36000)
