"""The access token: opaque and good for ``/userinfo``, or signed claims for an API.

Both have a row by which they end: an opaque token's is found by the digest of the token, a signed
one's by that of its ``jti``.
"""

import re
from datetime import datetime, timedelta

import msgspec

from latchstring.base.errors import Forbidden
from latchstring.base.ids import ClientId, FamilyId, SessionId, UserId
from latchstring.base.secrets import digest, random_token

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


class TokenRefused(Forbidden):
    """The access token is not valid."""


class ScopeMissing(Forbidden):
    """The access token lacks the scope openid."""


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """An access token as it is kept: by digest, so that a dump of the database holds none."""

    token_digest: str
    client_id: ClientId
    user_id: UserId
    session_id: SessionId | None
    code_digest: str | None
    """The authorization code it came from: a replay of that code ends this token."""

    scope: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    audience: str | None
    """The API it is for; nothing: our userinfo endpoint alone."""

    family_id: FamilyId | None
    """The refresh tokens it came with: when they end for a reason, it ends too."""

    claims: str | None
    """Claims that the client asked for by name, as JSON."""

    def is_live(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and now < self.expires_at


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a token is made."""

    client_id: ClientId
    user_id: UserId
    session_id: SessionId | None
    code_digest: str | None
    scope: str
    audience: str | None = None
    family_id: FamilyId | None = None
    claims: str | None = None


def issue(bearer: Bearer, *, lifetime: timedelta, now: datetime) -> tuple[str, AccessToken]:
    """Return a new token for the application, or the ``jti`` of one, and what is kept of it."""
    token = random_token()
    return token, AccessToken(
        token_digest=digest(token) if bearer.audience is None else digest_of_jti(token),
        client_id=bearer.client_id,
        user_id=bearer.user_id,
        session_id=bearer.session_id,
        code_digest=bearer.code_digest,
        scope=bearer.scope,
        created_at=now,
        expires_at=now + lifetime,
        revoked_at=None,
        audience=bearer.audience,
        family_id=bearer.family_id,
        claims=bearer.claims,
    )


def digest_of_jti(jti: str) -> str:
    """Return what a signed token is found by.

    Never that of an opaque one: a ``jti`` is no secret, and must not open anything by itself.
    """
    return digest(f"jti:{jti}")


def is_well_formed(token: str) -> bool:
    """Whether the text can be one of our tokens; anything else is refused without a look-up."""
    return _FORM.fullmatch(token) is not None
