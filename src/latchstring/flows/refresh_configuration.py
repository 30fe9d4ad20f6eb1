"""Hold connections and clients in memory, never older than a second.

Requests read them thousands of times for each change, so they are not asked of the database each
time: one row says which version it holds, and every process looks at that row twice a second.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from latchstring.base.errors import InvalidRequest, Unavailable
from latchstring.base.logging import get_logger
from latchstring.db import statements
from latchstring.db.database import Database, Transaction
from latchstring.domain.clients import store as clients
from latchstring.domain.clients.client import Client
from latchstring.domain.connections import store as connections
from latchstring.domain.connections.connection import Connection

SQL = statements.load(__package__, "refresh_configuration.sql")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the administrator decided, as one process sees it; replaced as a whole."""

    connections: Mapping[str, Connection]
    clients: Mapping[str, Client]
    version: int


async def read_version(tx: Transaction) -> int:
    """Return which state the database holds."""
    return await tx.one(SQL["read_version"], int, {}) or 0


async def bump_version(tx: Transaction) -> None:
    """Tell every process to read again; in the transaction of the change itself."""
    await tx.run(SQL["bump_version"], {})


@dataclass(slots=True)
class RefreshConfiguration:
    """Keeps ``current`` true within a second of any process's change."""

    database: Database
    interval: float = 0.5
    """Seconds between two looks."""

    _current: Configuration | None = None
    _troubled: bool = False
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def current(self) -> Configuration:
        """What holds now; raises ``Unavailable`` before the first ``refresh``."""
        if self._current is None:
            raise Unavailable(detail="the configuration was not read yet")
        return self._current

    async def refresh(self) -> Configuration:
        """Read again if the database holds another version, and return what holds."""
        async with self._reading:
            version = await self.database.read(read_version)
            if self._current is None or self._current.version != version:
                self._current = await self.database.read(_read)
            return self._current

    async def run(self) -> None:
        """Look twice a second until cancelled; a database in trouble leaves what was known."""
        while True:
            await asyncio.sleep(self.interval)
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - a loop that ends would freeze the settings
                if not self._troubled:
                    get_logger().error("configuration_not_refreshed", error=repr(error))
                self._troubled = True
            else:
                self._troubled = False


async def _read(tx: Transaction) -> Configuration:
    ways_in = [_connection(row) for row in await connections.list_connections(tx)]
    applications = [
        _client(row) for row in await clients.list_clients(tx) if row.removed_at is None
    ]
    return Configuration(
        connections={found.name: found for found in ways_in if found is not None},
        clients={found.client_id: found for found in applications if found is not None},
        version=await read_version(tx),
    )


def _connection(row: connections.StoredConnection) -> Connection | None:
    # A row that breaks a rule (edited by hand, a bound that moved) must not take the others along.
    try:
        return Connection.from_stored(row.name, row.settings)
    except InvalidRequest as error:
        get_logger().error("connection_left_out", connection=row.name, reason=str(error))
        return None


def _client(row: clients.StoredClient) -> Client | None:
    try:
        return Client.from_stored(row.settings, row.secret_digest)
    except InvalidRequest as error:
        get_logger().error("client_left_out", client_id=row.client_id, reason=str(error))
        return None
