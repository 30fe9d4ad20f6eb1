"""The authorization code: what the browser carries to the application, worth tokens once."""

from datetime import datetime, timedelta

import msgspec

from latchstring.base.errors import Forbidden
from latchstring.base.ids import ClientId, SessionId, UserId
from latchstring.base.secrets import digest, random_token
from latchstring.domain.authorizations import pkce

REPLAY_GRACE = timedelta(seconds=1)
"""A second use this soon after the first is a client that asked twice at once, not a thief: it is
refused, but the first one's tokens stay. Later, the tokens go too (RFC 6749 section 4.1.2)."""


class CodeRefused(Forbidden):
    """Invalid authorization code."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a code is worth: to whom, for whom, how they signed in."""

    client_id: ClientId
    redirect_uri: str
    user_id: UserId
    session_id: SessionId | None
    scope: str
    nonce: str | None
    code_challenge: str | None
    auth_time: datetime
    amr: tuple[str, ...]
    audience: str | None = None
    claims: str | None = None


class AuthorizationCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code as it is kept: by digest, so that a dump of the database holds none."""

    code_digest: str
    client_id: ClientId
    redirect_uri: str
    user_id: UserId
    session_id: SessionId | None
    scope: str
    nonce: str | None
    code_challenge: str | None
    auth_time: datetime
    amr: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    audience: str | None
    """The API that the access token is for."""

    claims: str | None
    """Claims asked for by name, as JSON."""

    def refusal(self, presented: "Presented", *, now: datetime) -> str | None:
        """Return why this presentation is refused, for the log, or nothing if it is right."""
        if now >= self.expires_at:
            return "expired"
        if presented.client_id != self.client_id:
            return "another client's"
        if presented.redirect_uri != self.redirect_uri:
            return "another redirect_uri"
        if self.code_challenge is None and presented.must_prove:
            return "a public client's without a code_challenge"
        if not pkce.is_proven(self.code_challenge, presented.code_verifier):
            return "code_verifier"
        return None

    def is_replay(self, *, now: datetime) -> bool:
        """Whether one more use, now, is a replay and not the twin of the first."""
        return self.used_at is not None and now - self.used_at >= REPLAY_GRACE


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """What came to the token endpoint with a code, from an authenticated client."""

    client_id: ClientId
    redirect_uri: str
    code_verifier: str | None
    must_prove: bool
    """A public client has no secret: PKCE is all that ties the code to it."""


def issue(terms: Terms, *, lifetime: timedelta, now: datetime) -> tuple[str, AuthorizationCode]:
    """Return a new code for the browser to carry, and what is kept of it."""
    code = random_token()
    return code, AuthorizationCode(
        code_digest=digest(code),
        client_id=terms.client_id,
        redirect_uri=terms.redirect_uri,
        user_id=terms.user_id,
        session_id=terms.session_id,
        scope=terms.scope,
        nonce=terms.nonce,
        code_challenge=terms.code_challenge,
        auth_time=terms.auth_time,
        amr=terms.amr,
        created_at=now,
        expires_at=now + lifetime,
        used_at=None,
        audience=terms.audience,
        claims=terms.claims,
    )
