"""Put a new session's cookies into an answer."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.secrets import Keyring
from latchstring.domain.identities import known_browser
from latchstring.domain.identities.identifier import digest_of
from latchstring.flows.open_session import Opened
from latchstring.web.http.cookies import Cookies


class Arrival(msgspec.Struct, frozen=True):
    """Signs a browser in, and remembers that it has proven the identifier."""

    cookies: Cookies
    keyring: Keyring

    def __call__(self, request: Request, response: Response, opened: Opened) -> None:
        """Set the session's cookie and the mark."""
        session = opened.session
        digest = digest_of(session.connection, session.identifier)
        marks = known_browser.remember(
            self.cookies.known(request), digest, self.keyring, now=session.authenticated_at
        )
        self.cookies.set_session(response, opened.token)
        self.cookies.set_known(response, marks)
