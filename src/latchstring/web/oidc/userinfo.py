"""``/userinfo``: the claims an access token opens (OpenID Connect Core 5.3)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.domain.keys.signer import Signer, TokenKind
from latchstring.domain.tokens.access import TokenRefused
from latchstring.flows.describe_user import DescribeUser
from latchstring.web.http.answers import private_json, private_jwt
from latchstring.web.http.parameters import FORM, Parameters, content_type
from latchstring.web.oidc.client_authentication import Clients
from latchstring.web.oidc.errors import TokenMissing

_IN_BODY = "access_token"


class UserInfo(msgspec.Struct, frozen=True):
    """Answers GET and POST alike.

    The token comes in the Authorization header, or in the form of a POST (RFC 6750 section 2.2);
    never in the URL, which logs and histories keep.
    """

    issuer: str
    clients: Clients
    signer: Signer
    describe_user: DescribeUser

    async def __call__(self, request: Request) -> Response:
        """Return the claims as JSON, or signed where the client wants that."""
        found = await self.describe_user(await _token(request))
        client = self.clients().get(found.client_id)
        if client is None:
            # Another process may have given it out before it heard of the removal.
            raise TokenRefused(detail="the application was removed")
        algorithm = client.userinfo_signed_response_alg
        if algorithm is None:
            return private_json(found.claims)
        claims = {**found.claims, "iss": self.issuer, "aud": found.client_id}
        return private_jwt(self.signer.sign(claims, algorithm, TokenKind.USERINFO))


async def _token(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    in_body = await _in_body(request)
    if in_body is not None and headers:
        raise InvalidRequest("The access token came in two ways.", field=_IN_BODY)
    if in_body is not None:
        return in_body
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise TokenMissing
    return token.strip()


async def _in_body(request: Request) -> str | None:
    if request.method != "POST" or content_type(request) != FORM:
        return None
    return (await Parameters.from_form(request)).one(_IN_BODY)
