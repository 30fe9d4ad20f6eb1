"""``POST /oauth/introspect``: what a token is worth (RFC 7662)."""

from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.domain.tokens.claims import audience
from latchstring.flows.introspect_token import IntrospectToken, Worth
from latchstring.web.http.answers import private_json
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.client_authentication import Authenticate
from latchstring.web.oidc.errors import ClientNotAuthenticated

PATH = "/oauth/introspect"


class IntrospectionReply(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is known of a live token; of any other, that it is none."""

    active: bool
    client_id: str | None = None
    sub: str | None = None
    scope: str | None = None
    aud: str | list[str] | None = None
    iss: str | None = None
    iat: int | None = None
    exp: int | None = None
    token_type: str | None = None


class IntrospectionEndpoint(msgspec.Struct, frozen=True):
    """For clients that can prove who they are."""

    issuer: str
    authenticate: Authenticate
    introspect: IntrospectToken

    async def __call__(self, request: Request) -> Response:
        """Return the token's state as JSON."""
        parameters = await Parameters.from_body(request)
        client = await self.authenticate(request, parameters)
        if client.is_public:
            raise ClientNotAuthenticated(detail="a public client asks for introspection")
        token = parameters.one("token")
        if token is None:
            raise InvalidRequest("Missing required parameter: token", field="token")
        worth = await self.introspect(client, token)
        reply = IntrospectionReply(active=False) if worth is None else self._reply(worth)
        return private_json(reply)

    def _reply(self, worth: Worth) -> IntrospectionReply:
        return IntrospectionReply(
            active=True,
            client_id=worth.client_id,
            sub=worth.subject,
            scope=worth.scope,
            aud=audience(self.issuer, worth.audience, worth.scope),
            iss=self.issuer,
            iat=_seconds(worth.issued_at),
            exp=_seconds(worth.expires_at),
            token_type=None if worth.is_refresh_token else "Bearer",
        )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
