"""The OAuth dialect: one table that turns our errors into its words and status codes."""

import re
from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.clock import Clock
from latchstring.base.errors import (
    AppError,
    ChallengeRefused,
    ClientRefused,
    Forbidden,
    InvalidRequest,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from latchstring.base.origin import Origin
from latchstring.domain.authorizations.code import CodeRefused
from latchstring.domain.clients.client import Client
from latchstring.domain.clients.request_object import RequestObjectRefused
from latchstring.domain.devices.grant import (
    AuthorizationPending,
    DeviceCodeExpired,
    DeviceCodeRefused,
    DeviceRefused,
    PolledTooSoon,
)
from latchstring.domain.identities.user import UserBlocked
from latchstring.domain.registrations.registration import RegistrationRefused
from latchstring.domain.tokens.access import ScopeMissing, TokenRefused
from latchstring.domain.tokens.refresh import RefreshRefused
from latchstring.flows.fetch_request_object import RequestUriRefused
from latchstring.flows.refresh_tokens import ScopeTooWide
from latchstring.web.http.answers import private_json, retry_headers
from latchstring.web.http.parameters import BodyTooLarge, HeadersTooLarge, UnsupportedBody
from latchstring.web.http.sentence import gettext
from latchstring.web.http.surface import WrongMethod
from latchstring.web.oidc.pages import DeveloperDetail, Pages
from latchstring.web.oidc.shapes import ErrorReply

REALM = "latchstring"
_FOREIGN = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


class ClientNotAuthenticated(ClientRefused):
    """Client authentication failed."""


class AuthorizeRefused(InvalidRequest):
    """The application's request is refused, in OAuth's words for the application itself."""

    def __init__(self, error: str, description: str, *, field: str = "") -> None:
        """Take the error code, and a description in plain ASCII without quotes."""
        super().__init__(description, field=field)
        self.error = error


class UnsupportedGrant(InvalidRequest):
    """The grant type is not supported."""


class BadRedirectUri(InvalidRequest):
    """A redirect URI is not acceptable."""


class BadMetadata(InvalidRequest):
    """The client metadata is not acceptable."""


class GrantNotAllowed(ClientRefused):
    """Grant type not allowed for the client."""


class TokenMissing(Forbidden):
    """Send the access token in the Authorization header."""


class NotRedirectable(InvalidRequest):
    """The request is not valid."""

    def __init__(self, developer: DeveloperDetail, *, client: Client | None = None) -> None:
        """Say what the application's developer has to know; the person gets one sentence."""
        super().__init__(developer.summary, field=developer.parameter)
        self.developer = developer
        self.client = client


class Row(msgspec.Struct, frozen=True):
    """How one kind of error is told."""

    status: int
    error: str
    challenge: str | None = None
    """The scheme that ``WWW-Authenticate`` names (RFC 9110 section 11.6.1)."""


TABLE: Mapping[type[AppError], Row] = {
    CodeRefused: Row(400, "invalid_grant"),
    RefreshRefused: Row(400, "invalid_grant"),
    ScopeTooWide: Row(400, "invalid_scope"),
    # Auth0's own grant, and its 403: applications written on its SDKs look for it.
    ChallengeRefused: Row(403, "invalid_grant"),
    DeviceCodeRefused: Row(400, "invalid_grant"),
    # 400 as RFC 8628 section 3.5 says, not Auth0's 403 and 429: every client reads the word.
    AuthorizationPending: Row(400, "authorization_pending"),
    PolledTooSoon: Row(400, "slow_down"),
    DeviceRefused: Row(400, "access_denied"),
    DeviceCodeExpired: Row(400, "expired_token"),
    BadRedirectUri: Row(400, "invalid_redirect_uri"),
    BadMetadata: Row(400, "invalid_client_metadata"),
    RegistrationRefused: Row(401, "invalid_token", "Bearer"),
    RequestUriRefused: Row(400, "invalid_request_uri"),
    RequestObjectRefused: Row(400, "invalid_request_object"),
    UnsupportedGrant: Row(400, "unsupported_grant_type"),
    ClientNotAuthenticated: Row(401, "invalid_client", "Basic"),
    TokenMissing: Row(401, "invalid_request", "Bearer"),
    TokenRefused: Row(401, "invalid_token", "Bearer"),
    ScopeMissing: Row(403, "insufficient_scope", "Bearer"),
    BodyTooLarge: Row(413, "invalid_request"),
    UnsupportedBody: Row(415, "invalid_request"),
    WrongMethod: Row(405, "invalid_request"),
    HeadersTooLarge: Row(431, "invalid_request"),
    InvalidRequest: Row(400, "invalid_request"),
    ClientRefused: Row(403, "unauthorized_client"),
    UserBlocked: Row(403, "unauthorized"),  # told only where [auth0] tell_blocked lets it
    Forbidden: Row(403, "access_denied"),
    NotFound: Row(400, "invalid_grant"),
    TooManyRequests: Row(429, "too_many_requests"),
    Unavailable: Row(503, "temporarily_unavailable"),
    AppError: Row(500, "server_error"),
}


def row_of(error: AppError) -> Row:
    """Return the row of an error's class, or of its family."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)


class OAuthErrors(msgspec.Struct, frozen=True):
    """Tells an application what went wrong."""

    clock: Clock

    def __call__(self, request: Request, error: AppError) -> Response:
        """Return the error as JSON, with the headers that go with it."""
        row = row_of(error)
        origin: Origin = request.state.origin
        code = error.error if isinstance(error, AuthorizeRefused) else row.error
        reply = ErrorReply(code, described(error), origin.request_id)
        return private_json(reply, status=row.status, headers=self._headers(error, row))

    def _headers(self, error: AppError, row: Row) -> dict[str, str]:
        if row.challenge is not None:
            return {"WWW-Authenticate": _challenge(error, row)}
        return retry_headers(error, self.clock.now())


def described(error: AppError) -> str:
    """Return the error in the characters that RFC 6749 section 5.2 allows: names may be quoted."""
    return _FOREIGN.sub("?", str(error))


def crashed(request: Request) -> Response:
    """Return what an application is told when something broke here."""
    origin: Origin = request.state.origin
    reply = ErrorReply("server_error", "Something went wrong on our side.", origin.request_id)
    return private_json(reply, status=500)


class PageErrors(msgspec.Struct, frozen=True):
    """Tells a person what went wrong, where nothing may be sent to the application."""

    pages: Pages

    def __call__(self, request: Request, error: AppError) -> Response:
        """Return the error as a page of one sentence, with the status that goes with it."""
        status = row_of(error).status
        if isinstance(error, Unavailable):
            sentence = gettext("We can't answer just now. Try again in a minute.")
            return self.pages.error(request, sentence, status=status)
        if isinstance(error, Forbidden):
            sentence = gettext("This was not sent from our own page. Go back and try again.")
            return self.pages.error(request, sentence, status=status)
        sentence = gettext("The application's request is not valid. Go back to it and try again.")
        refused = error if isinstance(error, NotRedirectable) else None
        return self.pages.error(
            request,
            sentence,
            status=status,
            client=refused.client if refused else None,
            developer=refused.developer if refused else _detail(error),
        )


def _detail(error: AppError) -> DeveloperDetail | None:
    if not isinstance(error, InvalidRequest):
        return None
    return DeveloperDetail(summary=str(error), parameter=error.field, came="")


def _challenge(error: AppError, row: Row) -> str:
    challenge = f'{row.challenge} realm="{REALM}"'
    # RFC 6750 section 3.1: whoever sent no token is told nothing but how to.
    if row.challenge == "Bearer" and not isinstance(error, TokenMissing):
        challenge += f', error="{row.error}", error_description="{described(error)}"'
    return challenge
