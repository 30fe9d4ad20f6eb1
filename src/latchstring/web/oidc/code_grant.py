"""The authorization code grant (RFC 6749 section 4.1.3, RFC 7636 section 4.5)."""

from collections.abc import Callable, Mapping

import msgspec

from latchstring.base.errors import InvalidRequest
from latchstring.base.origin import Origin
from latchstring.domain.apis.api import Api
from latchstring.domain.authorizations.code import Presented
from latchstring.domain.clients.client import Client
from latchstring.flows.exchange_code import ExchangeCode, ExchangeRequest
from latchstring.flows.issue_tokens import Tokens
from latchstring.web.http.parameters import Parameters

GRANT_TYPE = "authorization_code"

Apis = Callable[[], Mapping[str, Api]]
"""Every API by its identifier, as the configuration in memory has them now."""


class CodeGrant(msgspec.Struct, frozen=True):
    """Tokens for the code that the browser brought."""

    exchange_code: ExchangeCode
    apis: Apis

    async def __call__(self, client: Client, parameters: Parameters, origin: Origin) -> Tokens:
        """Return the tokens; raise ``CodeRefused`` or ``InvalidRequest``."""
        presented = Presented(
            client_id=client.client_id,
            redirect_uri=_required(parameters, "redirect_uri"),
            code_verifier=parameters.one("code_verifier"),
            must_prove=client.is_public,
        )
        request = ExchangeRequest(
            code=_required(parameters, "code"),
            presented=presented,
            origin=origin,
            algorithm=client.id_token_signed_response_alg,
            apis=self.apis(),
            hears_logout=client.backchannel_logout_uri is not None,
        )
        return await self.exchange_code(request)


def _required(parameters: Parameters, name: str) -> str:
    value = parameters.one(name)
    if value is None:
        raise InvalidRequest(f"Missing required parameter: {name}", field=name)
    return value
