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
    dynamic: bool
    removed_at: datetime | None

    def client(self) -> Client:
        """Return the client that the row tells of; raise ``InvalidRequest``."""
        return Client.from_stored(self.settings, self.secret_digest, dynamic=self.dynamic)


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


async def use_assertion(tx: Transaction, assertion: str, expires_at: datetime) -> bool:
    """Answer whether nobody used an assertion of this digest before."""
    return await tx.run(SQL["use_assertion"], {"digest": assertion, "expires_at": expires_at}) == 1


async def purge_assertions(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a batch of what expired, and return how many."""
    return await tx.run(SQL["purge_assertions"], {"before": before, "count": count})


def _row(client: Client, now: datetime) -> Mapping[str, object]:
    return {
        "client_id": client.client_id,
        "settings": client.as_stored(),
        "secret_digest": client.secret_digest,
        "dynamic": client.dynamic,
        "now": now,
    }
