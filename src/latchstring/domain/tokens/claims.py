"""Which claims an application gets about a person, by scope."""

from datetime import datetime, timedelta

import msgspec

from latchstring.base.ids import ClientId, SessionId, UserId

ID_TOKEN_LIFETIME = timedelta(hours=10)
"""As Auth0's. An ID token tells of one sign-in; it opens nothing."""

CLAIMS = (
    "iss",
    "sub",
    "aud",
    "iat",
    "exp",
    "nonce",
    "sid",
    "auth_time",
    "amr",
    "name",
    "nickname",
    "updated_at",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
)
"""Every claim that may occur."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A user in this room's words."""

    subject: UserId
    updated_at: datetime
    email: str | None = None
    email_verified: bool = False
    phone_number: str | None = None
    phone_number_verified: bool = False


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """What an ID token tells of: who signed in to what, when and how."""

    client_id: ClientId
    scope: str
    nonce: str | None
    session_id: SessionId | None
    auth_time: datetime
    amr: tuple[str, ...]


def describe(person: Person, scope: str) -> dict[str, object]:
    """Return what the scope lets an application know of the person; ``sub`` always."""
    words = scope.split()
    claims: dict[str, object] = {"sub": person.subject}
    if "profile" in words:
        claims |= _profile(person)
    if "email" in words and person.email is not None:
        claims |= {"email": person.email, "email_verified": person.email_verified}
    if "phone" in words and person.phone_number is not None:
        claims |= {
            "phone_number": person.phone_number,
            "phone_number_verified": person.phone_number_verified,
        }
    return claims


def id_token(issuer: str, person: Person, sign_in: SignIn, *, now: datetime) -> dict[str, object]:
    """Return an ID token's claims; ``nonce`` only if sent, as clients refuse an unasked one."""
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": sign_in.client_id,
        "iat": _seconds(now),
        "exp": _seconds(now + ID_TOKEN_LIFETIME),
        "auth_time": _seconds(sign_in.auth_time),
        "amr": list(sign_in.amr),
    }
    if sign_in.session_id is not None:
        claims["sid"] = sign_in.session_id
    if sign_in.nonce is not None:
        claims["nonce"] = sign_in.nonce
    return claims | describe(person, sign_in.scope)


def _profile(person: Person) -> dict[str, object]:
    # updated_at is a number as OpenID Connect Core 5.1 says: typed clients fail on Auth0's text.
    claims: dict[str, object] = {"updated_at": _seconds(person.updated_at)}
    if person.email is not None:
        claims |= {"name": person.email, "nickname": person.email.rpartition("@")[0]}
    elif person.phone_number is not None:
        claims["name"] = person.phone_number
    return claims


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
