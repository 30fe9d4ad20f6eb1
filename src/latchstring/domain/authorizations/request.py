"""The pending authorization request, and what satisfies it."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from latchstring.base.ids import (
    AuthorizationId,
    ClientId,
    ConnectionName,
    IdentifierDigest,
    SessionId,
    UserId,
    new_id,
)

LIFETIME = timedelta(minutes=30)
"""How long a person may take to sign in before the application has to ask again."""

HERE = "here"
"""The response mode of a sign-in that a page of ours asked for; no application can name it."""


WEB_MESSAGE = "web_message"
"""The response mode of an answer to the page that opened this window, or stands around it."""


class Prompt(StrEnum):
    """What the application wants the person to be asked."""

    NONE = "none"
    LOGIN = "login"
    SELECT_ACCOUNT = "select_account"
    CONSENT = "consent"
    """Without effect for the operator's own applications, which ask for no consent."""


_FRESH = frozenset({Prompt.LOGIN, Prompt.SELECT_ACCOUNT})


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser's session proves about the person, in this room's words."""

    session_id: SessionId
    connection: ConnectionName
    identifier: str
    authenticated_at: datetime


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request: the client is known, the redirect URI is its own, the rest is sound."""

    client_id: ClientId
    redirect_uri: str
    response_mode: str
    scope: str
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    prompt: frozenset[Prompt] = frozenset()
    max_age_seconds: int | None = None
    login_hint: str | None = None
    expected_user_id: UserId | None = None
    connection: ConnectionName | None = None
    audience: str | None = None
    claims: str | None = None
    response_type: str | None = None
    ui_locales: str | None = None


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/authorize`` received, kept until it is answered."""

    id: AuthorizationId
    browser_digest: str
    """Digest of the browser cookie's value: the request is worthless in any other browser."""

    client_id: ClientId
    redirect_uri: str
    response_mode: str
    scope: str
    state: str | None
    nonce: str | None
    code_challenge: str | None
    prompt: str
    max_age_seconds: int | None
    login_hint: str | None
    expected_user_id: UserId | None
    """Whom the application's ``id_token_hint`` names: nobody else may answer."""

    connection: ConnectionName | None
    """The way in that the application asked for."""

    identifier: str | None
    """Whom the person said they are, once they did; with its digest and its way in."""

    identifier_digest: IdentifierDigest | None
    challenged_connection: ConnectionName | None
    created_at: datetime
    expires_at: datetime
    starts: int
    last_start_at: datetime | None
    session_id: SessionId | None
    """The session that the person opened for this very request, once they did."""

    completed_at: datetime | None
    audience: str | None
    """The API that the access token is to be for."""

    claims: str | None
    """Claims asked for by name, as JSON (OpenID Connect Core 5.5)."""

    response_type: str | None
    """Nothing: ``code``."""

    ui_locales: str | None
    consented_at: datetime | None
    """Once the person agreed to what this application may know."""

    consented_user_id: UserId | None
    """Who that was: the browser may be somebody else's since."""

    refused_at: datetime | None
    """Once the person said no."""

    def is_for(self, user_id: UserId) -> bool:
        """Whether this user may answer it."""
        return self.expected_user_id in (None, user_id)

    def is_pending(self, now: datetime) -> bool:
        """Whether it still waits for its answer."""
        return self.completed_at is None and now < self.expires_at

    @property
    def ends_here(self) -> bool:
        """Whether a page of ours asked: the browser goes back to it, and there is no code."""
        return self.response_mode == HERE

    @property
    def has_opener(self) -> bool:
        """Whether a page of the application may have opened the window, and wait for its end."""
        return not self.ends_here

    @property
    def response_types(self) -> frozenset[str]:
        """What the answer holds: ``code``, ``token``, ``id_token``."""
        return frozenset((self.response_type or "code").split())

    @property
    def wants_new_consent(self) -> bool:
        """Whether the person is to be asked whatever they granted before."""
        return Prompt.CONSENT in self.prompt.split()

    def has_consent_of(self, user_id: UserId) -> bool:
        """Whether this user agreed to this very request."""
        return self.consented_at is not None and self.consented_user_id == user_id

    def is_satisfied_by(self, proof: Proof, *, now: datetime) -> bool:
        """Whether a session is what the application asked for.

        A sign-in that happened after the request always is, unless the person named somebody else
        on the way. An older one is if nothing demands a fresh one: ``prompt``, ``max_age``, or
        another way in (as at Auth0, a named connection does not reuse a session made by another).
        """
        if self.session_id is not None and self.session_id == proof.session_id:
            return True  # whatever the clock did meanwhile
        if self.identifier is not None and self.identifier != proof.identifier:
            return False
        if proof.authenticated_at > self.created_at:
            return True
        return not self._demands_fresh(proof, now)

    def _demands_fresh(self, proof: Proof, now: datetime) -> bool:
        if _FRESH.intersection(self.prompt.split()):
            return True
        if self.connection is not None and self.connection != proof.connection:
            return True
        # Not `>`: max_age=0 means a fresh sign-in, whatever the clock's resolution.
        return self.max_age_seconds is not None and now - proof.authenticated_at >= timedelta(
            seconds=self.max_age_seconds
        )


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The person said who they are: the start that follows, and how many there were before it."""

    id: AuthorizationId
    identifier: str
    identifier_digest: IdentifierDigest
    challenged_connection: ConnectionName
    starts: int
    lives_until: datetime
    """When the last of what is sent has expired: so long the page must be able to take it."""


def open_request(wanted: Wanted, browser_digest: str, *, now: datetime) -> AuthorizationRequest:
    """Return a new pending request of this browser."""
    return AuthorizationRequest(
        id=AuthorizationId(new_id("auth")),
        browser_digest=browser_digest,
        client_id=wanted.client_id,
        redirect_uri=wanted.redirect_uri,
        response_mode=wanted.response_mode,
        scope=wanted.scope,
        state=wanted.state,
        nonce=wanted.nonce,
        code_challenge=wanted.code_challenge,
        prompt=" ".join(sorted(wanted.prompt)),
        max_age_seconds=wanted.max_age_seconds,
        login_hint=wanted.login_hint,
        expected_user_id=wanted.expected_user_id,
        connection=wanted.connection,
        identifier=None,
        identifier_digest=None,
        challenged_connection=None,
        created_at=now,
        expires_at=now + LIFETIME,
        starts=0,
        last_start_at=None,
        session_id=None,
        completed_at=None,
        audience=wanted.audience,
        claims=wanted.claims,
        response_type=wanted.response_type,
        ui_locales=wanted.ui_locales,
        consented_at=None,
        consented_user_id=None,
        refused_at=None,
    )
