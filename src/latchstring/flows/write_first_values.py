"""Write the file's first values where the database has none, and tell what differs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from latchstring.base import secrets
from latchstring.base.clock import Clock
from latchstring.base.settings import Settings
from latchstring.db.database import Database, Transaction
from latchstring.domain.apis import store as apis
from latchstring.domain.apis.api import Api
from latchstring.domain.clients import store as clients
from latchstring.domain.clients.client import Client
from latchstring.domain.connections import store as connections
from latchstring.domain.connections.connection import Connection
from latchstring.flows.refresh_configuration import bump_version


class Difference(msgspec.Struct, frozen=True):
    """A setting that the file and the database tell apart. The database's value holds."""

    key: str
    in_file: object
    in_database: object


class FirstValues(msgspec.Struct, frozen=True):
    """What was written at this start, and what the file says in vain."""

    written: tuple[str, ...]
    differences: tuple[Difference, ...]


class WriteFirstValues(msgspec.Struct, frozen=True):
    """After this the database holds every connection, client and API that the file names."""

    database: Database
    clock: Clock

    async def __call__(self, settings: Settings) -> FirstValues:
        """Write what is missing, change nothing that is there, and list the differences."""
        return await self.database.transact(lambda tx: self._write(tx, settings))

    async def _write(self, tx: Transaction, settings: Settings) -> FirstValues:
        now = self.clock.now()
        ways_in = [Connection.of(name, found) for name, found in settings.connections.items()]
        applications = [Client.of(found) for found in settings.clients]
        outcomes = [
            *[await _write_connection(tx, connection, now) for connection in ways_in],
            *[await _write_client(tx, client, now) for client in applications],
            *[await _write_api(tx, Api.of(found), now) for found in settings.apis],
        ]
        written = tuple(outcome for outcome in outcomes if isinstance(outcome, str))
        if written:
            await bump_version(tx)
        differences = [
            found for outcome in outcomes if isinstance(outcome, list) for found in outcome
        ]
        return FirstValues(written, tuple(differences))


async def _write_connection(
    tx: Transaction, connection: Connection, now: datetime
) -> str | list[Difference]:
    """Return the name of what was written, else how the file differs from what is there."""
    key = f"connections.{connection.name}"
    if await connections.insert_connection(tx, connection, now):
        return key
    row = await connections.find_connection(tx, connection.name)
    return _differences(key, connection.as_stored(), row.settings if row else {})


async def _write_client(tx: Transaction, client: Client, now: datetime) -> str | list[Difference]:
    """Return the name of what was written, else how the file differs from what is there."""
    key = f"clients.{client.client_id}"
    if await clients.insert_client(tx, client, now):
        return key
    row = await clients.find_client(tx, client.client_id)
    if row is None:
        return [Difference(key, "present", "removed")]
    found = _differences(key, client.as_stored(), row.settings)
    if not _same_secret(client.secret_digest, row.secret_digest):
        # Which of them is set may be said, what they are may not.
        in_file, in_database = _secrecy(client.secret_digest), _secrecy(row.secret_digest)
        found.append(Difference(f"{key}.client_secret", in_file, in_database))
    return found


async def _write_api(tx: Transaction, api: Api, now: datetime) -> str | list[Difference]:
    """Return the name of what was written, else how the file differs from what is there."""
    key = f"apis.{api.identifier}"
    if await apis.insert_api(tx, api, now):
        return key
    row = await apis.find_api(tx, api.identifier)
    if row is None:
        return [Difference(key, "present", "removed")]
    return _differences(key, api.as_stored(), row.settings)


def _differences(
    key: str, in_file: Mapping[str, Any], in_database: Mapping[str, Any]
) -> list[Difference]:
    return [
        Difference(f"{key}.{name}", value, in_database.get(name))
        for name, value in in_file.items()
        if value != in_database.get(name)
    ]


def _same_secret(one: str | None, other: str | None) -> bool:
    return secrets.equal(one or "", other or "")


def _secrecy(digest: str | None) -> str:
    return "none" if digest is None else "a secret"
