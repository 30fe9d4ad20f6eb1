"""``POST /oauth/device/code``: a device begins to wait for its person (RFC 8628 section 3.1)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.settings import GrantType
from latchstring.domain.devices.user_code import shown
from latchstring.flows.grant_scope import GrantScope
from latchstring.flows.start_device import DeviceRequest, StartDevice
from latchstring.web.http.answers import private_json, with_query
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.client_authentication import Authenticate
from latchstring.web.oidc.errors import GrantNotAllowed

PATH = "/oauth/device/code"
"""Auth0's."""


class DeviceReply(msgspec.Struct, frozen=True, kw_only=True):
    """Both codes, and where people type the short one (RFC 8628 section 3.2)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Hands out codes to clients that may bring them back."""

    issuer: str
    authenticate: Authenticate
    grant_scope: GrantScope
    start: StartDevice

    async def __call__(self, request: Request) -> Response:
        """Return the codes as JSON."""
        parameters = await Parameters.from_body(request)
        client = await self.authenticate(request, parameters)
        if not client.may_use(GrantType.DEVICE_CODE):
            message = f"Grant type '{GrantType.DEVICE_CODE}' not allowed for the client."
            raise GrantNotAllowed(message)
        granted = self.grant_scope(client, parameters.one("scope"), parameters.one("audience"))
        wanted = DeviceRequest(
            client_id=client.client_id,
            scope=granted.scope,
            audience=granted.audience,
            origin=request.state.origin,
            trusted=client.answers_for_its_callers,
        )
        started = await self.start(wanted)
        uri, code = f"{self.issuer}activate", shown(started.user_code)
        lifetime = started.grant.expires_at - started.grant.created_at
        return private_json(
            DeviceReply(
                device_code=started.device_code,
                user_code=code,
                verification_uri=uri,
                verification_uri_complete=with_query(uri, {"user_code": code}),
                expires_in=int(lifetime.total_seconds()),
                interval=started.grant.interval_seconds,
            )
        )
