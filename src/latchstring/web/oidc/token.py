"""``POST /oauth/token``: find out who asks, then leave it to the grant they name."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.base.origin import Origin
from latchstring.domain.clients.client import Client
from latchstring.flows.issue_tokens import Tokens
from latchstring.web.http.answers import private_json
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.client_authentication import Authenticate
from latchstring.web.oidc.errors import GrantNotAllowed, UnsupportedGrant
from latchstring.web.oidc.shapes import TokenReply

Grant = Callable[[Client, Parameters, Origin], Awaitable[Tokens]]
"""Turns what an authenticated client sent into tokens, or raises an ``AppError``."""


class TokenEndpoint(msgspec.Struct, frozen=True):
    """Grants by name; other surfaces bring theirs, and the roof puts the mapping together."""

    authenticate: Authenticate
    grants: Mapping[str, Grant]

    async def __call__(self, request: Request) -> Response:
        """Return the tokens as JSON."""
        parameters = await Parameters.from_body(request)
        name = parameters.one("grant_type")
        if name is None:
            raise InvalidRequest("Missing required parameter: grant_type", field="grant_type")
        grant = self.grants.get(name)
        if grant is None:
            raise UnsupportedGrant(field="grant_type")
        client = await self.authenticate(request, parameters)
        if name not in client.grant_types:
            raise GrantNotAllowed(f"Grant type '{name}' not allowed for the client.")
        tokens = await grant(client, parameters, request.state.origin)
        return private_json(
            TokenReply(
                access_token=tokens.access_token,
                refresh_token=tokens.refresh_token,
                id_token=tokens.id_token,
                scope=tokens.scope,
                expires_in=tokens.expires_in,
                token_type=tokens.token_type,
            )
        )
