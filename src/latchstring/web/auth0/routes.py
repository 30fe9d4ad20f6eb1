"""The surface's paths: what scripts and servers call, and what people's browsers visit."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import AppError
from latchstring.web.auth0 import client_file, cross_origin, legacy, login_ticket, verify_redirect
from latchstring.web.auth0.client_file import ClientFile
from latchstring.web.auth0.cross_origin import CrossOrigin
from latchstring.web.auth0.errors import Auth0Errors
from latchstring.web.auth0.incidentals import Country, disabled, no_challenge
from latchstring.web.auth0.legacy import Legacy
from latchstring.web.auth0.login_ticket import LoginTickets
from latchstring.web.auth0.passwordless import Start
from latchstring.web.auth0.verify import Verify
from latchstring.web.auth0.verify_redirect import VerifyRedirect
from latchstring.web.http.surface import Handler, Surface

START = "/passwordless/start"
VERIFY = "/passwordless/verify"


class CallParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the addresses that scripts and servers call are made of."""

    start: Start
    verify: Verify
    cross_origin: CrossOrigin
    legacy: Legacy
    country: Country
    client_file: ClientFile


def surface(parts: CallParts, errors: Auth0Errors, *, may_read: Callable[[str], bool]) -> Surface:
    """Return the passwordless API; ``may_read`` knows the clients' web origins."""
    called: dict[str, dict[str, Handler]] = {
        START: {"POST": parts.start},
        VERIFY: {"POST": parts.verify},
        cross_origin.PATH: {"POST": parts.cross_origin},
        legacy.PATH: {"POST": parts.legacy},
        "/otp/challenge": {"POST": disabled},
        "/usernamepassword/challenge": {"POST": no_challenge},
        "/passwordless/challenge": {"POST": no_challenge},
        "/user/geoloc/country": {"GET": parts.country},
    }
    return Surface(
        name="auth0",
        routes={**called, client_file.TENANT: {"GET": parts.client_file.tenant}},
        prefixes={client_file.PREFIX: {"GET": parts.client_file.client}},
        on_error=errors,
        on_crash=errors.crashed,
        may_read=may_read,
        cors_paths=frozenset(called),
        credentialed=frozenset({cross_origin.PATH}),
    )


def browser_surface(
    redirect: VerifyRedirect,
    tickets: LoginTickets,
    *,
    on_error: Callable[[Request, AppError], Response],
    on_crash: Callable[[Request], Response],
) -> Surface:
    """Return the pages on the way of Auth0's browser SDKs, which no script may read."""
    return Surface(
        name="auth0-browser",
        routes={
            verify_redirect.PATH: {"GET": redirect.show, "POST": redirect.press},
            login_ticket.PATH: {"POST": tickets.go_on},
        },
        on_error=on_error,
        on_crash=on_crash,
    )
