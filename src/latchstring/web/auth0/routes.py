"""The surface's paths."""

from collections.abc import Callable

from latchstring.web.auth0.errors import Auth0Errors
from latchstring.web.auth0.passwordless import Start
from latchstring.web.http.surface import Surface

START = "/passwordless/start"


def surface(start: Start, errors: Auth0Errors, *, may_read: Callable[[str], bool]) -> Surface:
    """Return the passwordless API; ``may_read`` knows the clients' web origins."""
    return Surface(
        name="auth0",
        routes={START: {"POST": start}},
        on_error=errors,
        on_crash=errors.crashed,
        may_read=may_read,
        cors_paths=frozenset({START}),
    )
