"""Show and change the ways in while the server runs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import InvalidRequest
from latchstring.base.origin import NOWHERE
from latchstring.base.settings import CONNECTION_NAMES, ConnectionSettings
from latchstring.db.database import Database, Transaction, Undone
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import ConnectionChanged
from latchstring.domain.connections import store as connections
from latchstring.domain.connections.connection import Connection
from latchstring.flows.refresh_configuration import bump_version


class ManageConnections(msgspec.Struct, frozen=True):
    """A change holds for every start after it, in every process within two seconds."""

    database: Database
    clock: Clock
    refresh: Callable[[], Awaitable[object]]
    """Makes the change hold in this process at once."""

    async def list_all(self) -> list[Connection]:
        """Return the connections, by name."""
        rows = await self.database.read(connections.list_connections)
        return [Connection.from_stored(row.name, row.settings) for row in rows]

    async def change(self, name: str, values: Mapping[str, Any]) -> Connection:
        """Replace some settings of a connection, or make it; raise ``InvalidRequest``."""
        if name not in CONNECTION_NAMES:
            known = " and ".join(CONNECTION_NAMES)
            raise InvalidRequest(
                f"There is no connection of this name: {known} exist.", field="name"
            )
        outcome = await self.database.transact(lambda tx: self._change(tx, name, values))
        if isinstance(outcome, Undone):
            raise outcome.refusal
        await self.refresh()
        return outcome

    async def replace_all(self, described: Mapping[str, ConnectionSettings]) -> list[Connection]:
        """Replace connections by what a file describes; those it does not name stay."""
        replaced = [Connection.of(name, settings) for name, settings in described.items()]
        await self.database.transact(lambda tx: self._replace(tx, replaced))
        await self.refresh()
        return replaced

    async def _change(
        self, tx: Transaction, name: str, values: Mapping[str, Any]
    ) -> Connection | Undone[InvalidRequest]:
        await bump_version(tx)  # first: of two changes at once, the second sees the first
        row = await connections.find_connection(tx, name)
        try:
            if row is None:
                connection = Connection.from_values(name, values)
            else:
                connection = Connection.from_stored(name, row.settings).changed(values)
        except InvalidRequest as refusal:
            return Undone(refusal)
        await self._put(tx, [connection])
        return connection

    async def _replace(self, tx: Transaction, replaced: list[Connection]) -> None:
        await bump_version(tx)
        await self._put(tx, replaced)

    async def _put(self, tx: Transaction, replaced: list[Connection]) -> None:
        now = self.clock.now()
        for connection in replaced:
            await connections.put_connection(tx, connection, now)
            changed = ConnectionChanged(connection=connection.name, settings=connection.as_stored())
            await audit.record(tx, changed, NOWHERE, now=now)
