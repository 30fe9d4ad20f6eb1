"""``/oidc/register``: applications register themselves (RFC 7591) and look after it (RFC 7592)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.base.origin import Origin
from latchstring.base.outbound import Caller, OutboundError
from latchstring.base.outbound_guard import Networks
from latchstring.domain.clients.client import Client
from latchstring.domain.registrations.registration import RegistrationRefused
from latchstring.flows.register_client import RegisterClient, Registered, Wanted
from latchstring.web.http.answers import private_json
from latchstring.web.http.parameters import read_json
from latchstring.web.oidc import registration_metadata
from latchstring.web.oidc.errors import BadMetadata, TokenMissing
from latchstring.web.oidc.registration_metadata import Metadata

PATH = "/oidc/register"
PREFIX = f"{PATH}/"
_CREATED, _NO_CONTENT, _OK = 201, 204, 200


class RegistrationEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Both tokens come in the Authorization header, and nowhere else."""

    issuer: str
    register: RegisterClient
    connections: Callable[[], Sequence[str]]
    """The ways in that an application gets: it cannot choose."""

    caller: Caller
    allowed: Networks
    """Private networks that addresses of applications may lead to."""

    async def post(self, request: Request) -> Response:
        """Register, and answer 201 with what was stored, the secret and the token: this once."""
        token, origin = _bearer(request), _origin(request)
        # Before anything is read: whoever has no token must not have us call addresses.
        await self.register.check(token)
        wanted = await self._read(await read_json(request))
        with _told_as_metadata():
            found = await self.register.register(token, wanted, origin)
        return private_json(self._reply(found), status=_CREATED)

    async def get(self, request: Request) -> Response:
        """Tell what is stored."""
        found = await self.register.read(_client_id(request), _bearer(request))
        return private_json(self._reply(found))

    async def put(self, request: Request) -> Response:
        """Replace all of it (RFC 7592 section 2.2)."""
        token, client_id = _bearer(request), _client_id(request)
        # Before anything is read, so that a stranger learns nothing of what we would refuse.
        before = await self.register.read(client_id, token)
        members = await read_json(request)
        if members.get("client_id") != before.registration.client_id:
            message = "client_id must be the one that was registered."
            raise BadMetadata(message, field="client_id")
        if not _is_own_secret(members.get("client_secret"), before.client):
            message = "client_secret must be the one that was issued: it cannot be chosen."
            raise BadMetadata(message, field="client_secret")
        wanted = await self._read(members)
        with _told_as_metadata():
            found = await self.register.change(client_id, token, wanted, _origin(request))
        return private_json(self._reply(found))

    async def delete(self, request: Request) -> Response:
        """End it, and everything that the application holds."""
        await self.register.remove(_client_id(request), _bearer(request), _origin(request))
        return Response(status_code=_NO_CONTENT, headers={"Cache-Control": "no-store"})

    async def _read(self, members: Mapping[str, Any]) -> Wanted:
        metadata = registration_metadata.read(members, self.connections(), self.allowed)
        if metadata.sector_identifier_uri is not None:
            await self._check_sector(metadata, metadata.sector_identifier_uri)
        return Wanted(metadata.settings, metadata.with_secret, metadata.told)

    async def _check_sector(self, metadata: Metadata, url: str) -> None:
        """Refuse redirect URIs that the list does not hold (OpenID Connect Registration 5)."""
        try:
            answer = await self.caller.get(url, trusted=False)
            listed = msgspec.json.decode(answer.body, type=list[str])
        except (OutboundError, msgspec.MsgspecError, ValueError, RecursionError):
            answer, listed = None, []
        missing = set(metadata.told["redirect_uris"]) - set(listed)
        if answer is None or answer.status != _OK or missing:
            message = "sector_identifier_uri must lead to a list that holds every redirect_uri."
            raise BadMetadata(message, field="sector_identifier_uri")

    def _reply(self, found: Registered) -> dict[str, Any]:
        registration = found.registration
        reply: dict[str, Any] = {
            "client_id": registration.client_id,
            "client_id_issued_at": int(registration.created_at.timestamp()),
            "registration_access_token": found.token,
            "registration_client_uri": f"{self.issuer}{PREFIX[1:]}{registration.client_id}",
        }
        if found.secret is not None:
            reply |= {"client_secret": found.secret, "client_secret_expires_at": 0}
        return registration.metadata | reply


@contextmanager
def _told_as_metadata() -> Iterator[None]:
    """Tell what our settings refuse in the words of this endpoint."""
    try:
        yield
    except InvalidRequest as refused:
        raise BadMetadata(str(refused), field=refused.field) from None


def _origin(request: Request) -> Origin:
    origin: Origin = request.state.origin
    return origin


def _client_id(request: Request) -> str:
    return request.url.path.removeprefix(PREFIX)


def _is_own_secret(told: object, client: Client) -> bool:
    """Tell whether nothing was said of the secret, or the truth (RFC 7592 section 2.2)."""
    if told is None or told == "":
        return True
    return isinstance(told, str) and client.accepts_secret(told)


def _bearer(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    if not headers:
        raise TokenMissing
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise RegistrationRefused
    return token.strip()
