"""Describe a user to the application that holds an access token."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.secrets import digest
from latchstring.db.database import Database, Transaction
from latchstring.domain.tokens import store as tokens
from latchstring.domain.tokens.access import (
    AccessToken,
    ScopeMissing,
    TokenRefused,
    is_well_formed,
)
from latchstring.domain.tokens.claims import Person, describe
from latchstring.flows.find_person import find_person


class DescribeUser(msgspec.Struct, frozen=True):
    """The claims an access token opens: as they are now, not as they were at the sign-in."""

    database: Database
    clock: Clock

    async def __call__(self, access_token: str) -> dict[str, object]:
        """Return the claims; raise ``TokenRefused`` or ``ScopeMissing``."""
        if not is_well_formed(access_token):
            raise TokenRefused(detail="not in our form")
        found = await self.database.read(lambda tx: self._look_up(tx, digest(access_token)))
        if found is None:
            raise TokenRefused(detail="unknown, over, or about somebody who is shut out")
        token, person = found
        if "openid" not in token.scope.split():
            raise ScopeMissing
        return describe(person, token.scope)

    async def _look_up(
        self, tx: Transaction, token_digest: str
    ) -> tuple[AccessToken, Person] | None:
        token = await tokens.find_access_token(tx, token_digest)
        if token is None or not token.is_live(self.clock.now()):
            return None
        person = await find_person(tx, token.user_id)
        return None if person is None else (token, person)
