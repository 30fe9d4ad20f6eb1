"""Turn a login ticket into a session, once, in the browser it was given to."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import ClientId
from latchstring.base.origin import Origin
from latchstring.db.database import Database, Transaction
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import Identifier
from latchstring.domain.tickets import store as tickets
from latchstring.domain.tickets.ticket import LoginTicket, Presented
from latchstring.flows.open_session import Opened, OpenSession, SessionRequest


class RedeemTicket(msgspec.Struct, frozen=True):
    """A session for a ticket; exactly one of many racing callers gets it."""

    database: Database
    clock: Clock
    open_session: OpenSession

    async def look(self, ticket: str, client_id: ClientId) -> LoginTicket | None:
        """Return a ticket that this client could still use, and leave it as it is."""
        found = await self.database.read(lambda tx: tickets.find_ticket(tx, ticket))
        return found if found and found.is_good(client_id, self.clock.now()) else None

    async def __call__(
        self, presented: Presented, origin: Origin, previous_token: str | None
    ) -> Opened | None:
        """Return the session, or nothing for a ticket that is not good here."""
        return await self.database.transact(
            lambda tx: self._redeem(tx, presented, origin, previous_token)
        )

    async def _redeem(
        self, tx: Transaction, presented: Presented, origin: Origin, previous_token: str | None
    ) -> Opened | None:
        now = self.clock.now()
        found = await tickets.find_ticket(tx, presented.ticket)
        if found is None:
            return None
        # The user before the ticket, as whoever shuts somebody out takes them. Alone, as the
        # browser's earlier session may end here: of two who share one, neither could be alone.
        await identities.hold_user_alone(tx, found.user_id)
        user = await identities.find_user(tx, found.user_id)
        if user is None or user.is_blocked:
            return None
        used = await tickets.use_ticket(tx, presented, now)
        if used is None:
            return None
        request = SessionRequest(
            identifier=Identifier(used.connection, used.identifier),
            client_id=used.client_id,
            origin=origin,
            previous_token=previous_token,
            authenticated_at=used.authenticated_at,
        )
        return await self.open_session(tx, request, used.user_id, used.amr, now=now)
