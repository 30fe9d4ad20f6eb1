"""Find out who is behind an identifier, where an operator lets applications be told."""

import msgspec

from latchstring.db.database import Database
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import Identifier
from latchstring.domain.identities.user import Standing


class FindStanding(msgspec.Struct, frozen=True):
    """The person behind an identifier. Whoever asks decides whether the answer may be told."""

    database: Database

    async def __call__(self, identifier: Identifier) -> Standing | None:
        """Return the standing, or nothing for a stranger."""
        return await self.database.read(lambda tx: identities.find_standing(tx, identifier.digest))
