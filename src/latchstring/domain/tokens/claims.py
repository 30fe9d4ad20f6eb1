"""Which claims an application gets about a person, by scope."""

from datetime import datetime, timedelta

import msgspec

from latchstring.base.ids import ClientId, SessionId, UserId
from latchstring.domain.tokens.access import AccessToken

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
    claims: str | None = None
    """Claims asked for by name, as JSON."""


ID_TOKEN = "id_token"  # noqa: S105 - a member of the claims parameter
USERINFO = "userinfo"


def named(claims: str | None, member: str) -> frozenset[str]:
    """Return the claims asked for by name for the ID token or for userinfo, from checked JSON.

    A value that was asked for with one (OpenID Connect Core 5.5.1) is no condition: whoever asked
    sees that it is another.
    """
    found = msgspec.json.decode(claims).get(member) if claims else None
    return frozenset(found) if isinstance(found, dict) else frozenset()


def describe(person: Person, scope: str, asked: frozenset[str] = frozenset()) -> dict[str, object]:
    """Return what scope and names asked for let an application know; ``sub`` always."""
    every = "openid profile email phone" if asked else ""
    whole = _by_scope(person, every)
    return _by_scope(person, scope) | {name: whole[name] for name in asked & whole.keys()}


def _by_scope(person: Person, scope: str) -> dict[str, object]:
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
    return claims | describe(person, sign_in.scope, named(sign_in.claims, ID_TOKEN))


def audience(issuer: str, api: str | None, scope: str) -> str | list[str]:
    """Return whom an access token is for.

    With openid, one for an API is good for our userinfo endpoint too, and says so, as Auth0's does.
    """
    userinfo = f"{issuer}{USERINFO}"
    if api is None:
        return userinfo
    return [api, userinfo] if "openid" in scope.split() else api


def access_token(issuer: str, token: AccessToken, jti: str, gty: str | None) -> dict[str, object]:
    """Return the claims of an access token for an API (RFC 9068 section 2.2)."""
    claims: dict[str, object] = {
        "iss": issuer,
        "sub": token.user_id,
        "aud": audience(issuer, token.audience, token.scope),
        "azp": token.client_id,
        "client_id": token.client_id,
        "iat": _seconds(token.created_at),
        "exp": _seconds(token.expires_at),
        "jti": jti,
        "scope": token.scope,
    }
    if token.session_id is not None:
        claims["sid"] = token.session_id
    return claims if gty is None else claims | {"gty": gty}


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
