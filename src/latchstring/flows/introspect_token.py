"""Tell a client what a token is worth now (RFC 7662)."""

from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import ClientId, UserId
from latchstring.base.secrets import Keyring
from latchstring.db.database import Database, Transaction
from latchstring.domain.clients.client import Client
from latchstring.domain.tokens import refresh
from latchstring.domain.tokens import store as tokens
from latchstring.flows.find_access_token import FindAccessToken
from latchstring.flows.find_person import find_person
from latchstring.flows.issue_machine_token import is_machine


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """A live token, whichever kind."""

    client_id: ClientId
    subject: UserId
    scope: str
    audience: str | None
    issued_at: datetime
    expires_at: datetime
    is_refresh_token: bool


class IntrospectToken(msgspec.Struct, frozen=True):
    """What is live and the asking client's business; all else is nothing, for whatever reason.

    A client may ask about its own tokens. About those for an API any confidential client of the
    operator's own may, since an API asks as a client.
    """

    database: Database
    clock: Clock
    keyring: Keyring
    find_token: FindAccessToken

    async def __call__(self, client: Client, token: str) -> Worth | None:
        """Return what the token is worth, or nothing."""
        found = await self.database.read(lambda tx: self._look_up(tx, token))
        if found is None:
            return None
        of_api = found.audience is not None and not found.is_refresh_token and client.first_party
        return found if found.client_id == client.client_id or of_api else None

    async def _look_up(self, tx: Transaction, token: str) -> Worth | None:
        presented = refresh.read(token, self.keyring)
        found = (
            await self._access(tx, token)
            if presented is None
            else await self._refresh(tx, presented)
        )
        if found is None or is_machine(found.subject):
            return found
        return None if await find_person(tx, found.subject) is None else found

    async def _access(self, tx: Transaction, token: str) -> Worth | None:
        token_digest = self.find_token.digest_of(token)
        found = token_digest and await self.find_token(tx, token_digest)
        if not found:
            return None
        return Worth(
            client_id=found.client_id,
            subject=found.user_id,
            scope=found.scope,
            audience=found.audience,
            issued_at=found.created_at,
            expires_at=found.expires_at,
            is_refresh_token=False,
        )

    async def _refresh(self, tx: Transaction, presented: refresh.Presented) -> Worth | None:
        family = await tokens.find_family(tx, presented.family_id)
        if family is None or not family.is_live(self.clock.now()):
            return None
        if family.generation != presented.generation:
            return None
        return Worth(
            client_id=family.client_id,
            subject=family.user_id,
            scope=family.scope,
            audience=family.audience,
            issued_at=family.rotated_at,
            expires_at=min(family.ends_at, family.idle_ends_at),
            is_refresh_token=True,
        )
