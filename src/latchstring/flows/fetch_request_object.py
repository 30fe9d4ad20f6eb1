"""Fetch a request that a client signed, from an address that it registered (RFC 9101 section 5.2).

Only from such an address: otherwise anybody who can write a link could have us call what they
like. And only for clients that registered themselves: an operator's has no such addresses.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from latchstring.base.clock import Clock
from latchstring.base.errors import ClientRefused, Unavailable
from latchstring.base.logging import get_logger
from latchstring.base.outbound import Caller, OutboundError
from latchstring.db.database import Database
from latchstring.domain.clients import request_object
from latchstring.domain.clients.client import Client
from latchstring.domain.clients.request_object import RequestObject, RequestObjectRefused
from latchstring.domain.keys.signature import is_genuine
from latchstring.domain.registrations import store as registrations
from latchstring.domain.registrations.registration import Registration
from latchstring.flows.client_keys import ClientKeys

_AT_ONCE = 16
_AT_ONCE_OF_A_CLIENT = 4
"""Whoever opens links makes us call: a client that answers slowly must not hold up the others."""

_OK = 200


class RequestUriRefused(ClientRefused):
    """The request_uri is not one from which requests of this client are fetched."""


class FetchRequestObject:
    """Every request object is fetched when it is used, and never kept."""

    def __init__(
        self, *, database: Database, clock: Clock, issuer: str, caller: Caller, keys: ClientKeys
    ) -> None:
        """Fetch through this caller, and ask these keys who signed."""
        self._database = database
        self._clock = clock
        self._issuer = issuer
        self._caller = caller
        self._keys = keys
        self._running: Counter[str] = Counter()

    async def __call__(self, client: Client, request_uri: str) -> Mapping[str, Any]:
        """Return what the client signed, the parameters among it.

        Raise ``RequestUriRefused``, ``RequestObjectRefused``, or ``Unavailable`` where too many
        are being fetched.
        """
        registration = await self._registration(client, request_uri)
        came = request_object.read(await self._fetched(client, request_uri))
        request_object.check(
            came, client_id=client.client_id, issuer=self._issuer, now=self._clock.now()
        )
        if registration.request_object_signing_alg not in (None, came.signature.algorithm):
            message = "The request object was refused: not the algorithm that was registered."
            raise RequestObjectRefused(message)
        await self._prove(client, came)
        return came.members

    async def _registration(self, client: Client, request_uri: str) -> Registration:
        """Return what the client registered, if this address is in it, character by character."""
        if client.dynamic and not client.require_pushed_authorization_requests:
            found = await self._database.read(
                lambda tx: registrations.find_registration(tx, client.client_id)
            )
            if found is not None and request_uri in found.request_uris:
                return found
        raise RequestUriRefused

    async def _fetched(self, client: Client, request_uri: str) -> str:
        running = self._running
        full = running.total() >= _AT_ONCE or running[client.client_id] >= _AT_ONCE_OF_A_CLIENT
        if full:
            raise Unavailable(detail="too many request objects are being fetched")
        running[client.client_id] += 1
        try:
            return await self._get(client, request_uri)
        finally:
            running[client.client_id] -= 1
            if not running[client.client_id]:
                del running[client.client_id]

    async def _get(self, client: Client, request_uri: str) -> str:
        # The fragment is never sent. It may be a hash of what is there (OpenID Connect Core 6.2),
        # for those who keep it; we keep nothing, and the signature says what may be there.
        url = request_uri.partition("#")[0]
        try:
            answer = await self._caller.get(url, trusted=False, limit=request_object.LONGEST)
            reason = "" if answer.status == _OK else f"status {answer.status}"
            text = answer.body.decode("ascii").strip()
        except (OutboundError, UnicodeDecodeError) as trouble:
            reason, text = str(trouble), ""
        if reason:
            get_logger().warning(
                "request_object_not_fetched", client_id=client.client_id, why=reason
            )
            raise RequestUriRefused("Nothing could be fetched from the request_uri.")
        return text

    async def _prove(self, client: Client, came: RequestObject) -> None:
        signature = came.signature
        for key in await self._keys.fitting(client, signature.algorithm, signature.key_id):
            if is_genuine(key.public, signature.signature, signature.signed):
                return
        message = "The request object was refused: no key of the client signed it."
        raise RequestObjectRefused(message)
