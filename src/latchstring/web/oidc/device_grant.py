"""The device code grant (RFC 8628 section 3.4)."""

import msgspec

from latchstring.base.errors import InvalidRequest
from latchstring.base.origin import Origin
from latchstring.base.settings import GrantType
from latchstring.domain.clients.client import Client
from latchstring.flows.issue_tokens import Tokens
from latchstring.flows.redeem_device import DevicePoll, RedeemDevice
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.code_grant import Apis

GRANT_TYPE = GrantType.DEVICE_CODE.value


class DeviceCodeGrant(msgspec.Struct, frozen=True):
    """Tokens for a device, once somebody allowed it."""

    redeem_device: RedeemDevice
    apis: Apis

    async def __call__(self, client: Client, parameters: Parameters, _origin: Origin) -> Tokens:
        """Return the tokens, or raise how the grant stands."""
        device_code = parameters.one("device_code")
        if device_code is None:
            raise InvalidRequest("Missing required parameter: device_code", field="device_code")
        poll = DevicePoll(
            device_code=device_code,
            client_id=client.client_id,
            algorithm=client.id_token_signed_response_alg,
            apis=self.apis(),
            hears_logout=client.backchannel_logout_uri is not None,
        )
        return await self.redeem_device(poll)
