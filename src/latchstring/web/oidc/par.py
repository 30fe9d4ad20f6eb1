"""``POST /oauth/par``: an application sends its authorization request itself (RFC 9126)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.domain.authorizations.pushed import LIFETIME
from latchstring.flows.push_request import PushRequest
from latchstring.web.http.answers import private_json
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.answer import may_return
from latchstring.web.oidc.asked import Asked
from latchstring.web.oidc.checks import Examine
from latchstring.web.oidc.client_authentication import Authenticate

PATH = "/oauth/par"
_CREATED = 201


class PushReply(msgspec.Struct, frozen=True):
    """By which name a browser brings the request, and for how many seconds it may."""

    request_uri: str
    expires_in: int


class PushEndpoint(msgspec.Struct, frozen=True):
    """Everything that ``/authorize`` would refuse is refused here already, as JSON."""

    authenticate: Authenticate
    examine: Examine
    push: PushRequest

    async def __call__(self, request: Request) -> Response:
        """Keep the request and return its ``request_uri``."""
        parameters = await Parameters.from_form(request)
        client = await self.authenticate(request, parameters)
        asked = msgspec.structs.replace(Asked.read(parameters), client_id=client.client_id)
        if asked.request_uri is not None:
            message = "A pushed request has no request_uri."
            raise InvalidRequest(message, field="request_uri")
        if asked.login_ticket is not None:
            # A secret of the browser's, not to be kept readable; only the browser can bring it.
            message = "A pushed request has no login_ticket."
            raise InvalidRequest(message, field="login_ticket")
        if not may_return(client, asked.redirect_uri or "", asked.mode):
            message = "The redirect_uri is not one of the callbacks of the application."
            raise InvalidRequest(message, field="redirect_uri")
        self.examine(asked, client)
        uri = await self.push.keep(client.client_id, asked.values)
        reply = PushReply(uri, int(LIFETIME.total_seconds()))
        return private_json(reply, status=_CREATED)
