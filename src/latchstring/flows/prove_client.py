"""Believe a client its signed assertion, once (RFC 7523, OpenID Connect Core section 9)."""

from datetime import UTC, datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.secrets import digest
from latchstring.db.database import Database
from latchstring.domain.clients import assertion as assertions
from latchstring.domain.clients import store as clients
from latchstring.domain.clients.assertion import Assertion, AssertionRefused
from latchstring.domain.clients.client import Client
from latchstring.domain.keys.signature import is_genuine
from latchstring.flows.client_keys import ClientKeys

TOKEN_ENDPOINT = "oauth/token"  # noqa: S105 - an address


class ProveClient(msgspec.Struct, frozen=True):
    """An assertion with a ``jti`` is good for one call, on whatever node."""

    database: Database
    clock: Clock
    issuer: str
    keys: ClientKeys

    async def __call__(self, client: Client | None, came: Assertion, path: str) -> Client:
        """Return the client that made it for the endpoint at the path; raise ``AssertionRefused``.

        The audience may be the issuer, the token endpoint or the endpoint itself: libraries differ.
        """
        if client is None or client.client_id != came.client_id or not client.has_keys:
            raise AssertionRefused(detail="client assertion: of no client that has keys")
        endpoints = {f"{self.issuer}{TOKEN_ENDPOINT}", f"{self.issuer}{path.lstrip('/')}"}
        assertions.check(came, frozenset({self.issuer, *endpoints}), self.clock.now())
        candidates = await self.keys.fitting(client, came.algorithm, came.key_id)
        if not any(is_genuine(key.public, came.signature, came.signed) for key in candidates):
            raise AssertionRefused(detail="client assertion: no key of the client signed it")
        if came.jti is not None and not await self._use(came, came.jti):
            raise AssertionRefused(detail="client assertion: used before")
        return client

    async def _use(self, came: Assertion, jti: str) -> bool:
        """Take note of it; of two calls that bring it, one may go on."""
        name = digest(f"{came.client_id}\0{jti}")
        ends = datetime.fromtimestamp(came.expires_at, UTC)
        return await self.database.transact(lambda tx: clients.use_assertion(tx, name, ends))
