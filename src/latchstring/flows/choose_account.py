"""Go on as the person this browser is signed in as, where the application asked to choose."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import AuthorizationId
from latchstring.db.database import Database
from latchstring.domain.authorizations import store as authorizations


class ChooseAccount(msgspec.Struct, frozen=True):
    """The choice is made; the request no longer asks for one."""

    database: Database
    clock: Clock

    async def __call__(self, request_id: AuthorizationId) -> None:
        """Note the choice; a request that is over stays over."""
        now = self.clock.now()
        await self.database.transact(lambda tx: authorizations.note_choice(tx, request_id, now))
