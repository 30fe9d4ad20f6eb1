"""Hold connections, clients and signing keys in memory, never older than a second.

Requests read them thousands of times for each change, so they are not asked of the database each
time: one row says which version it holds, and every process looks at that row twice a second. The
same look brings the database's time.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from latchstring.base.errors import InvalidRequest, Unavailable
from latchstring.base.logging import get_logger
from latchstring.base.settings import SigningAlgorithm
from latchstring.db import statements
from latchstring.db.database import Database, Transaction
from latchstring.domain.apis import store as apis
from latchstring.domain.apis.api import Api
from latchstring.domain.clients import store as clients
from latchstring.domain.clients.client import Client
from latchstring.domain.connections import store as connections
from latchstring.domain.connections.connection import Connection
from latchstring.domain.keys import store as keys
from latchstring.domain.keys.key import SigningKey
from latchstring.domain.keys.signer import Signer
from latchstring.flows.keep_time import KeepTime, Sample

SQL = statements.load(__package__, "refresh_configuration.sql")


class Configuration(msgspec.Struct, frozen=True):
    """What the administrator decided, as one process sees it; replaced as a whole."""

    connections: Mapping[str, Connection]
    clients: Mapping[str, Client]
    apis: Mapping[str, Api]
    signing_keys: Sequence[SigningKey]
    version: int

    @property
    def algorithms(self) -> frozenset[SigningAlgorithm]:
        """What somebody's tokens are signed with, and the one that every library reads.

        Keys of others are not published: there are verifiers that refuse a whole key set for one
        key of a kind they do not know (auth0-python 6).
        """
        clients = {
            algorithm
            for client in self.clients.values()
            for algorithm in (
                client.id_token_signed_response_alg,
                client.userinfo_signed_response_alg,
            )
            if algorithm is not None
        }
        apis = {api.signing_alg for api in self.apis.values()}
        return frozenset({SigningAlgorithm.RS256} | clients | apis)


class _Look(msgspec.Struct, frozen=True):
    version: int
    database_time: int


async def read_version(tx: Transaction) -> int:
    """Return which state the database holds."""
    return (await _look(tx)).version


async def bump_version(tx: Transaction) -> None:
    """Tell every process to read again; in the transaction of the change itself.

    It holds the row until the commit. Called before anything of the configuration is read or
    written, it lets one change after the other happen: none undoes another that came meanwhile.
    """
    await tx.run(SQL["bump_version"], {})


class RefreshConfiguration(msgspec.Struct):
    """Keeps ``current``, the signer and the time true within a second of any process's change."""

    database: Database
    keep_time: KeepTime | None = None
    """What is told of the database's time; nothing where time stands still."""

    interval: float = 0.5
    """Seconds between two looks."""

    _current: Configuration | None = None
    _signer: Signer | None = None
    _troubled: bool = False
    _reading: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)

    @property
    def current(self) -> Configuration:
        """What holds now; raises ``Unavailable`` before the first ``refresh``."""
        if self._current is None:
            raise Unavailable(detail="the configuration was not read yet")
        return self._current

    async def refresh(self) -> Configuration:
        """Read again if the database holds another version, and return what holds."""
        async with self._reading:
            steady = time.monotonic_ns if self.keep_time is None else self.keep_time.clock.steady
            look, sample = await self.database.read(lambda tx: _sample(tx, steady))
            current = self._current
            if current is None or current.version != look.version:
                current = self._current = await self.database.read(_read)
                self._tell_signer(current)
            if self.keep_time is not None:
                await self.keep_time.take(sample)
            return current

    async def keep(self, signer: Signer) -> None:
        """From now on, let the signer have the database's keys as they change."""
        async with self._reading:
            self._signer = signer
            self._current = None  # what was read may be older than what the signer was made of
        await self.refresh()

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

    def _tell_signer(self, current: Configuration) -> None:
        if self._signer is None:
            return
        for key_id in self._signer.replace(current.signing_keys, current.algorithms):
            # The key before it goes on signing; it is published as long as tokens of it may live.
            get_logger().error("signing_key_not_opened", key_id=key_id)


async def _look(tx: Transaction) -> _Look:
    return await tx.one(SQL["look"], _Look, {}) or _Look(version=0, database_time=0)


async def _sample(tx: Transaction, steady: Callable[[], int]) -> tuple[_Look, Sample]:
    """Look, and read our own clock before and after: in between, the database read its own."""
    began = steady()
    look = await _look(tx)
    return look, Sample(look.database_time, began, steady())


async def _read(tx: Transaction) -> Configuration:
    ways_in = [_connection(row) for row in await connections.list_connections(tx)]
    applications = [
        _client(row) for row in await clients.list_clients(tx) if row.removed_at is None
    ]
    services = [_api(row) for row in await apis.list_apis(tx) if row.removed_at is None]
    return Configuration(
        connections={found.name: found for found in ways_in if found is not None},
        clients={found.client_id: found for found in applications if found is not None},
        apis={found.identifier: found for found in services if found is not None},
        signing_keys=await keys.list_keys(tx),
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
        return row.client()
    except InvalidRequest as error:
        get_logger().error("client_left_out", client_id=row.client_id, reason=str(error))
        return None


def _api(row: apis.StoredApi) -> Api | None:
    try:
        return Api.from_stored(row.settings)
    except InvalidRequest as error:
        get_logger().error("api_left_out", api=row.identifier, reason=str(error))
        return None
