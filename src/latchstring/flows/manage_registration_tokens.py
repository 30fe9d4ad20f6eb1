"""Let applications register themselves: give tokens out, list them, take them back."""

from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import NotFound
from latchstring.base.origin import NOWHERE
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import RegistrationTokenEnded, RegistrationTokenIssued
from latchstring.domain.registrations import store as registrations
from latchstring.domain.registrations.registration import RegistrationToken, new_token


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was just made: the only time that anybody can see it."""

    kept: RegistrationToken
    token: str = field(repr=False)


class ManageRegistrationTokens(msgspec.Struct, frozen=True):
    """Initial access tokens (RFC 7591 section 3)."""

    database: Database
    clock: Clock

    async def issue(self, *, uses: int, life: timedelta) -> Issued:
        """Return a new token for so many registrations; raise ``InvalidRequest``."""
        now = self.clock.now()
        token, kept = new_token(uses=uses, life=life, now=now)

        async def work(tx: Transaction) -> None:
            await registrations.insert_token(tx, kept)
            issued = RegistrationTokenIssued(
                registration_token_id=kept.id, uses=uses, expires_at=kept.expires_at
            )
            await audit.record(tx, issued, NOWHERE, now=now)

        await self.database.transact(work)
        return Issued(kept, token)

    async def list_all(self) -> list[RegistrationToken]:
        """Return the tokens that are good for something, oldest first."""
        now = self.clock.now()
        return await self.database.read(lambda tx: registrations.list_tokens(tx, now))

    async def end(self, token_id: str) -> None:
        """Take a token back; applications that came with it stay. Raise ``NotFound``."""
        now = self.clock.now()

        async def work(tx: Transaction) -> bool:
            if not await registrations.end_token(tx, token_id, now):
                return False
            ended = RegistrationTokenEnded(registration_token_id=token_id)
            await audit.record(tx, ended, NOWHERE, now=now)
            return True

        if not await self.database.transact(work):
            raise NotFound("There is no registration token of this id.")
