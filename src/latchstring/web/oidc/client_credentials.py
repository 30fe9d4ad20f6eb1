"""The client credentials grant (RFC 6749 section 4.4): a program that calls an API by itself."""

from collections.abc import Mapping

import msgspec

from latchstring.base.errors import Forbidden, InvalidRequest
from latchstring.base.origin import Origin
from latchstring.base.settings import GrantType
from latchstring.domain.apis.api import Api, UnknownAudience
from latchstring.domain.clients.client import Client
from latchstring.flows.issue_machine_token import IssueMachineToken
from latchstring.flows.issue_tokens import Tokens
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.code_grant import Apis

GRANT_TYPE = GrantType.CLIENT_CREDENTIALS.value


class ClientCredentialsGrant(msgspec.Struct, frozen=True):
    """A signed access token for one of the client's APIs; no refresh token, no ID token."""

    issue: IssueMachineToken
    apis: Apis

    async def __call__(self, client: Client, parameters: Parameters, _origin: Origin) -> Tokens:
        """Return the token; raise ``InvalidRequest``, ``UnknownAudience`` or ``Forbidden``."""
        audience = parameters.one("audience") or _only(client)
        api = _allowed(client, audience, self.apis())
        return await self.issue(client, api, _granted(parameters.one("scope"), api))


def _only(client: Client) -> str:
    """Return the API that can only be meant."""
    if len(client.apis) != 1:
        message = "Missing required parameter: audience"
        raise InvalidRequest(message, field="audience")
    return client.apis[0]


def _allowed(client: Client, audience: str, apis: Mapping[str, Api]) -> Api:
    if client.is_public:
        # A row that somebody edited by hand: anybody could speak in its name.
        message = "A public client cannot call an API in its own name."
        raise Forbidden(message)
    api = apis.get(audience)
    if api is None:
        raise UnknownAudience
    if audience not in client.apis:
        message = "The client is not authorized to call this API: it is not among its apis."
        raise Forbidden(message)
    return api


def _granted(asked: str | None, api: Api) -> str:
    """Return those of the API's scopes that were asked for, all of them where none was."""
    if asked is None:
        return " ".join(api.scopes)
    return " ".join(word for word in dict.fromkeys(asked.split()) if word in api.scopes)
