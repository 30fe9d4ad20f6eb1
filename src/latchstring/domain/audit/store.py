"""Events in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from latchstring.base.ids import ClientId, IdentifierDigest, UserId, first_id, new_id
from latchstring.base.origin import NOWHERE, Origin
from latchstring.db import statements
from latchstring.db.database import Transaction
from latchstring.domain.audit.event import INDEXED, Event, details_of

SQL = statements.load(__package__)


class Recorded(msgspec.Struct, frozen=True):
    """An event as it stands in the book."""

    id: str
    type: str
    happened_at: datetime
    user_id: UserId | None
    client_id: ClientId | None
    identifier_digest: IdentifierDigest | None
    request_id: str | None
    ip: str | None
    details: dict[str, Any]


async def record(tx: Transaction, event: Event, origin: Origin, *, now: datetime) -> None:
    """Write an event in the transaction of what it tells."""
    await tx.run(SQL["insert_event"], _values_of(event, origin, now))


async def record_all(tx: Transaction, events: Sequence[Event], *, now: datetime) -> None:
    """Write what came of nobody's request, all in one round trip."""
    await tx.each(SQL["insert_event"], str, [_values_of(event, NOWHERE, now) for event in events])


def _values_of(event: Event, origin: Origin, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(event, name, None) for name in INDEXED}
    return values | {
        "id": new_id("evt", now),
        "type": type(event).__name__,
        "happened_at": now,
        "request_id": origin.request_id or None,
        "ip": origin.ip,
        "details": details_of(event),
    }


async def events_of(
    tx: Transaction, user_id: UserId | None, digest: IdentifierDigest | None, *, count: int
) -> list[Recorded]:
    """Return the latest events of a user or an identifier, newest first."""
    values = {"user_id": user_id, "identifier_digest": digest, "count": count}
    return await tx.all(SQL["events_of"], Recorded, values)


async def newest(tx: Transaction) -> datetime | None:
    """Return when the last event happened; nothing where none did."""
    return await tx.one(SQL["newest"], datetime, {})


async def purge(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of old events; answer how many went."""
    return await tx.run(SQL["purge_events"], {"before": first_id("evt", before), "count": count})
