"""``POST /co/authenticate``: a page of an application signs somebody in without leaving itself.

For a right code it gets a login ticket, which its browser then takes to ``/authorize``. The ticket
alone is worth nothing: Mallory could put her own into Alice's browser. So it only works together
with a cookie that this call sets or, where the browser keeps no cookies of third parties, with a
verifier that the page's own origin keeps.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import ChallengeRefused, TooManyRequests
from latchstring.base.secrets import random_token
from latchstring.domain.clients.client import Client
from latchstring.flows.authenticate_cross_origin import AuthenticateCrossOrigin
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.web.auth0.answers import Answers, Typed
from latchstring.web.auth0.members import required
from latchstring.web.auth0.otp_grant import GRANT_TYPE
from latchstring.web.auth0.refusals import (
    AccessDenied,
    BadCall,
    CrossOriginRefused,
    TooManyAttempts,
    sentence_of,
)
from latchstring.web.http.answers import private_json
from latchstring.web.http.cookies import Cookies
from latchstring.web.http.parameters import read_json

PATH = "/co/authenticate"
_KEYS = frozenset({"client_id", "credential_type", "username", "otp", "realm"})
_ALL_AND_ONLY = (
    "Invalid request body. All and only of "
    "client_id, credential_type, username, otp, realm are required."
)


class TicketReply(msgspec.Struct, frozen=True):
    """What auth0.js reads: the ticket, and the verifier that it keeps under the public id."""

    login_ticket: str
    co_verifier: str
    co_id: str


class CrossOrigin(msgspec.Struct, frozen=True):
    """Gives login tickets to pages of registered origins."""

    authenticate: AuthenticateCrossOrigin
    configuration: RefreshConfiguration
    answers: Answers
    cookies: Cookies

    async def __call__(self, request: Request) -> Response:
        """Answer with a ticket, and with the cookie that goes with it."""
        origin = request.headers.get("origin")
        if not origin:
            raise BadCall("Origin header required")
        members = await read_json(request)
        if members.keys() != _KEYS:
            raise BadCall(_ALL_AND_ONLY)
        client = self._client(members, origin)
        if required(members, "credential_type") != GRANT_TYPE:
            raise BadCall("credential_type is not supported", field="credential_type")
        typed = Typed(
            realm=required(members, "realm"),
            username=required(members, "username"),
            code=required(members, "otp"),
        )
        # One for all tickets of a browser: two tabs do not take each other's.
        cookie = self.cookies.cross_origin(request) or random_token()
        try:
            verification = await self.answers.read(client, typed, request.state.origin)
            issued = await self.authenticate(verification, cookie)
        except ChallengeRefused as refused:
            raise AccessDenied(sentence_of(refused, typed.realm)) from refused
        except TooManyRequests as limit:
            raise TooManyAttempts.of(limit) from limit
        response = private_json(TicketReply(issued.ticket, issued.verifier, issued.row.co_id))
        self.cookies.set_cross_origin(response, cookie)
        return response

    def _client(self, members: dict[str, Any], origin: str) -> Client:
        client = self.configuration.current.clients.get(required(members, "client_id"))
        if client is None:
            raise BadCall("Unknown client_id", field="client_id")
        if not client.cross_origin_authentication:
            raise CrossOriginRefused("Cross-origin authentication is off for this client.")
        if not client.accepts_origin(origin):
            raise CrossOriginRefused("The origin is not registered for this client.")
        return client
