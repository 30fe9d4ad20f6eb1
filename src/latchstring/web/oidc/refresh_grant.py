"""The refresh token grant (RFC 6749 section 6)."""

import msgspec

from latchstring.base.errors import InvalidRequest
from latchstring.base.origin import Origin
from latchstring.domain.clients.client import Client
from latchstring.flows.issue_tokens import Tokens
from latchstring.flows.refresh_tokens import RefreshRequest, RefreshTokens
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.code_grant import Apis

GRANT_TYPE = "refresh_token"


class RefreshGrant(msgspec.Struct, frozen=True):
    """New tokens for a refresh token; the answer holds the next one."""

    refresh_tokens: RefreshTokens
    apis: Apis

    async def __call__(self, client: Client, parameters: Parameters, origin: Origin) -> Tokens:
        """Return the tokens; raise ``RefreshRefused``, ``ScopeTooWide`` or ``InvalidRequest``."""
        token = parameters.one("refresh_token")
        if token is None:
            message = "Missing required parameter: refresh_token"
            raise InvalidRequest(message, field="refresh_token")
        request = RefreshRequest(
            client=client, token=token, scope=parameters.one("scope"), origin=origin
        )
        return await self.refresh_tokens(request, self.apis())
