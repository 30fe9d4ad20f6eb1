"""``/userinfo``: the claims an access token opens (OpenID Connect Core 5.3)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.flows.describe_user import DescribeUser
from latchstring.web.http.answers import private_json
from latchstring.web.oidc.errors import TokenMissing


class UserInfo(msgspec.Struct, frozen=True):
    """Answers GET and POST alike; the token comes in the Authorization header and nowhere else."""

    describe_user: DescribeUser

    async def __call__(self, request: Request) -> Response:
        """Return the claims as JSON."""
        return private_json(await self.describe_user(_bearer(request)))


def _bearer(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise TokenMissing
    return token.strip()
