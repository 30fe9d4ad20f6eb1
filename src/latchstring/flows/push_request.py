"""Keep a request that an application pushed, and hand it out once (RFC 9126)."""

from collections.abc import Mapping

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import ClientId
from latchstring.base.secrets import digest
from latchstring.db.database import Database
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.pushed import is_well_formed, push


class PushRequest(msgspec.Struct, frozen=True):
    """From the application to us, by a name that only its browser will bring."""

    database: Database
    clock: Clock

    async def keep(self, client_id: ClientId, parameters: Mapping[str, str]) -> str:
        """Keep a checked request of an authenticated client and return its ``request_uri``."""
        uri, row = push(client_id, parameters, now=self.clock.now())
        await self.database.transact(lambda tx: authorizations.insert_pushed_request(tx, row))
        return uri

    async def fetch(self, client_id: ClientId, request_uri: str) -> Mapping[str, str] | None:
        """Return the parameters, once; nothing for what is over, invented, or another client's."""
        if not is_well_formed(request_uri):
            return None
        uri_digest, now = digest(request_uri), self.clock.now()
        found = await self.database.transact(
            lambda tx: authorizations.spend_pushed_request(tx, uri_digest, client_id, now)
        )
        return None if found is None else found.parameters
