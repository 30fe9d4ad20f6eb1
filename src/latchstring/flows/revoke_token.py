"""End a token that its client gives back (RFC 7009)."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import InvalidRequest
from latchstring.base.ids import ClientId
from latchstring.base.secrets import Keyring
from latchstring.db.database import Database, Transaction
from latchstring.domain.tokens import refresh
from latchstring.domain.tokens import store as tokens
from latchstring.flows.find_access_token import FindAccessToken


class ForeignToken(InvalidRequest):
    """The token was not issued to this client."""


class RevokeToken(msgspec.Struct, frozen=True):
    """A refresh token ends with its family and their access tokens; an access token ends alone."""

    database: Database
    clock: Clock
    keyring: Keyring
    find_token: FindAccessToken

    async def __call__(self, client_id: ClientId, token: str) -> None:
        """End it; what nobody knows has ended already. Raise ``ForeignToken``, and end nothing."""
        foreign = await self.database.transact(lambda tx: self._end(tx, client_id, token))
        if foreign is not None:
            raise foreign

    async def _end(self, tx: Transaction, client_id: ClientId, token: str) -> ForeignToken | None:
        now = self.clock.now()
        presented = refresh.read(token, self.keyring)
        if presented is not None:
            family = await tokens.find_family(tx, presented.family_id)
            if family is not None and family.client_id != client_id:
                return ForeignToken()
            await tokens.end_family(tx, presented.family_id, now)
            return None
        token_digest = self.find_token.digest_of(token)
        found = None if token_digest is None else await self.find_token(tx, token_digest)
        if found is None:
            return None
        if found.client_id != client_id:
            return ForeignToken()
        await tokens.revoke_access_token(tx, found.token_digest, now)
        return None
