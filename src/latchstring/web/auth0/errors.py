"""Auth0's dialect: ``bad.<member>`` where messages are asked for, other words for codes."""

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
from latchstring.domain.identities.user import UserBlocked
from latchstring.web.auth0.refusals import (
    AccessDenied,
    BadCall,
    EndpointDisabled,
    InvalidUserPassword,
    TooManyAttempts,
)
from latchstring.web.http.answers import private_json, retry_headers
from latchstring.web.http.parameters import BodyTooLarge, HeadersTooLarge, UnsupportedBody
from latchstring.web.http.surface import WrongMethod

TABLE: dict[type[AppError], tuple[int, str]] = {
    BadCall: (400, "invalid_request"),
    InvalidUserPassword: (401, "invalid_user_password"),
    AccessDenied: (403, "access_denied"),
    UserBlocked: (401, "unauthorized"),
    EndpointDisabled: (404, "endpoint_disabled"),
    TooManyAttempts: (429, "too_many_attempts"),
    BodyTooLarge: (413, "bad.request"),
    UnsupportedBody: (415, "bad.request"),
    WrongMethod: (405, "bad.request"),
    HeadersTooLarge: (431, "bad.request"),
    InvalidRequest: (400, "bad.request"),
    ClientRefused: (403, "unauthorized_client"),
    ChallengeRefused: (403, "invalid_grant"),
    Forbidden: (403, "access_denied"),
    NotFound: (404, "not_found"),
    TooManyRequests: (429, "too_many_requests"),
    Unavailable: (503, "temporarily_unavailable"),
    AppError: (500, "server_error"),
}
_NAMED = frozenset({"client_id", "connection", "email", "phone_number", "authParams"})


class ErrorReply(msgspec.Struct, frozen=True):
    """What an SDK reads; other names for these members would confuse some of them."""

    error: str
    error_description: str
    request_id: str


class Auth0Errors(msgspec.Struct, frozen=True):
    """Tells an application what went wrong, in the words its SDK knows."""

    clock: Clock

    def __call__(self, request: Request, error: AppError) -> Response:
        """Return the error as JSON."""
        status, name = next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
        if name == "bad.request" and isinstance(error, InvalidRequest) and error.field in _NAMED:
            name = f"bad.{error.field}"
        return self._json(request, status, name, str(error), retry_headers(error, self.clock.now()))

    def crashed(self, request: Request) -> Response:
        """Return what a bug of ours looks like from outside."""
        return self._json(request, 500, "server_error", "Something went wrong on our side.", {})

    def _json(
        self, request: Request, status: int, name: str, sentence: str, headers: dict[str, str]
    ) -> Response:
        reply = ErrorReply(name, sentence, request.state.origin.request_id)
        return private_json(reply, status=status, headers=headers)
