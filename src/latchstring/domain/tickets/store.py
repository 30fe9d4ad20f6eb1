"""Login tickets in the database."""

from datetime import datetime

from latchstring.base.ids import UserId
from latchstring.base.secrets import digest
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.tickets.ticket import LoginTicket, Presented

SQL = statements.load(__package__)


async def insert_ticket(tx: Transaction, ticket: LoginTicket) -> None:
    """Keep a new ticket."""
    await tx.run(SQL["insert_ticket"], records.values_of(ticket))


async def use_ticket(tx: Transaction, presented: Presented, now: datetime) -> LoginTicket | None:
    """Return the ticket, which is used by that, or nothing where it is not good here and now."""
    values = {
        "ticket_digest": digest(presented.ticket),
        "client_id": presented.client_id,
        # No digest is empty: what did not come fits nothing.
        "cookie_digest": digest(presented.cookie) if presented.cookie else "",
        "verifier_digest": digest(presented.verifier) if presented.verifier else "",
        "now": now,
    }
    return await tx.one(SQL["use_ticket"], LoginTicket, values)


async def find_ticket(tx: Transaction, ticket: str) -> LoginTicket | None:
    """Return a ticket and leave it as it is."""
    return await tx.one(SQL["find_ticket"], LoginTicket, {"ticket_digest": digest(ticket)})


async def drop_tickets_of(tx: Transaction, user_id: UserId) -> None:
    """Forget a user's tickets, which ends them."""
    await tx.run(SQL["drop_tickets_of"], {"user_id": user_id})


async def drop_tickets(tx: Transaction) -> None:
    """Forget everybody's tickets, which ends them."""
    await tx.run(SQL["drop_tickets"], {})


async def purge(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of tickets that are over; answer how many went."""
    return await tx.run(SQL["purge_tickets"], {"before": before, "count": count})
