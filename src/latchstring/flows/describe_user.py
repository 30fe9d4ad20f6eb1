"""Describe a user to the application that holds an access token."""

import msgspec

from latchstring.base.ids import ClientId
from latchstring.db.database import Database, Transaction
from latchstring.domain.authorizations.scopes import OPENID
from latchstring.domain.tokens.access import AccessToken, ScopeMissing, TokenRefused
from latchstring.domain.tokens.claims import USERINFO, Person, describe, named
from latchstring.flows.find_access_token import FindAccessToken
from latchstring.flows.find_person import find_person


class Described(msgspec.Struct, frozen=True):
    """Claims about a user, and the application that they are for."""

    client_id: ClientId
    claims: dict[str, object]


class DescribeUser(msgspec.Struct, frozen=True):
    """The claims an access token opens: as they are now, not as they were at the sign-in."""

    database: Database
    find_token: FindAccessToken

    async def __call__(self, access_token: str) -> Described:
        """Return the claims; raise ``TokenRefused`` or ``ScopeMissing``."""
        token_digest = self.find_token.digest_of(access_token)
        if token_digest is None:
            raise TokenRefused(detail="not in our form, or not signed by us")
        found = await self.database.read(lambda tx: self._look_up(tx, token_digest))
        if found is None:
            raise TokenRefused(detail="unknown, over, or about somebody who is shut out")
        token, person = found
        if OPENID not in token.scope.split():
            raise ScopeMissing
        claims = describe(person, token.scope, named(token.claims, USERINFO))
        return Described(token.client_id, claims)

    async def _look_up(
        self, tx: Transaction, token_digest: str
    ) -> tuple[AccessToken, Person] | None:
        token = await self.find_token(tx, token_digest)
        if token is None:
            return None
        person = await find_person(tx, token.user_id)
        return None if person is None else (token, person)
