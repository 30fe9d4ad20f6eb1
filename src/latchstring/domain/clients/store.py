"""Clients in the database. A secret is there only as its digest."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from latchstring.base.ids import ClientId
from latchstring.db import statements
from latchstring.db.database import Transaction
from latchstring.domain.clients.client import Client

SQL = statements.load(__package__)


class StoredClient(msgspec.Struct, frozen=True):
    """A row: plain values, which an older or newer program may have written."""

    client_id: ClientId
    settings: dict[str, Any]
    secret_digest: str | None
    removed_at: datetime | None


async def list_clients(tx: Transaction) -> list[StoredClient]:
    """Return every client by id, also those that were removed."""
    return await tx.all(SQL["list_clients"], StoredClient, {})


async def find_client(tx: Transaction, client_id: str) -> StoredClient | None:
    """Return one client, unless it was removed."""
    return await tx.one(SQL["find_client"], StoredClient, {"client_id": client_id})


async def insert_client(tx: Transaction, client: Client, now: datetime) -> bool:
    """Write a first value; answer false, and change nothing, where there is or was one."""
    return await tx.run(SQL["insert_client"], _row(client, now)) == 1


async def put_client(tx: Transaction, client: Client, now: datetime) -> None:
    """Write a client, new or not, or one that was removed."""
    await tx.run(SQL["put_client"], _row(client, now))


async def remove_client(tx: Transaction, client_id: str, now: datetime) -> bool:
    """Forget all but the id, which the file cannot bring back; answer whether it was there."""
    return await tx.run(SQL["remove_client"], {"client_id": client_id, "now": now}) == 1


def _row(client: Client, now: datetime) -> Mapping[str, object]:
    return {
        "client_id": client.client_id,
        "settings": client.as_stored(),
        "secret_digest": client.secret_digest,
        "now": now,
    }
