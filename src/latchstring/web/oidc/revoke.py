"""``POST /oauth/revoke``: a client gives a token back (RFC 7009)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.flows.revoke_token import RevokeToken
from latchstring.web.http.answers import nothing
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.client_authentication import Authenticate

PATH = "/oauth/revoke"


class RevocationEndpoint(msgspec.Struct, frozen=True):
    """``token_type_hint`` is not needed: each kind of token shows what it is."""

    authenticate: Authenticate
    revoke: RevokeToken

    async def __call__(self, request: Request) -> Response:
        """Answer 200 once the token is dead, also where it was or never lived."""
        parameters = await Parameters.from_body(request)
        client = await self.authenticate(request, parameters)
        token = parameters.one("token")
        if token is None:
            raise InvalidRequest("Missing required parameter: token", field="token")
        await self.revoke(client.client_id, token)
        return nothing()
