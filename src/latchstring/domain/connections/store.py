"""Connections in the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from latchstring.base.ids import ConnectionName
from latchstring.db import statements
from latchstring.db.database import Transaction
from latchstring.domain.connections.connection import Connection

SQL = statements.load(__package__)


class StoredConnection(msgspec.Struct, frozen=True):
    """A row: plain values, which an older or newer program may have written."""

    name: ConnectionName
    settings: dict[str, Any]


async def list_connections(tx: Transaction) -> list[StoredConnection]:
    """Return every connection, by name."""
    return await tx.all(SQL["list_connections"], StoredConnection, {})


async def find_connection(tx: Transaction, name: str) -> StoredConnection | None:
    """Return one connection."""
    return await tx.one(SQL["find_connection"], StoredConnection, {"name": name})


async def insert_connection(tx: Transaction, connection: Connection, now: datetime) -> bool:
    """Write a first value; answer false, and change nothing, where there already is one."""
    return await tx.run(SQL["insert_connection"], _row(connection, now)) == 1


async def put_connection(tx: Transaction, connection: Connection, now: datetime) -> None:
    """Write a connection, new or not."""
    await tx.run(SQL["put_connection"], _row(connection, now))


def _row(connection: Connection, now: datetime) -> Mapping[str, object]:
    return {"name": connection.name, "settings": connection.as_stored(), "now": now}
