"""An open database with the flows that administrators use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from latchstring.base.secrets import Keyring
from latchstring.base.settings import Settings
from latchstring.base.settings_loading import load
from latchstring.cli.app import Desk
from latchstring.db.database import Database
from latchstring.flows.manage_apis import ManageApis
from latchstring.flows.manage_clients import ManageClients
from latchstring.flows.manage_connections import ManageConnections
from latchstring.flows.manage_registration_tokens import ManageRegistrationTokens
from latchstring.flows.manage_users import ManageUsers
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.flows.rotate_signing_key import RotateSigningKey
from latchstring.flows.write_first_values import WriteFirstValues
from tests.support.clock import FixedClock
from tests.support.configuration import EXAMPLE, write
from tests.support.places import here

KEYRING = Keyring({1: b"k" * 32})
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, repr=False)
class Office:
    """One process with an open database, as an administrator's flows see it."""

    database: Database
    clock: FixedClock
    configuration: RefreshConfiguration
    first_values: WriteFirstValues
    desk: Desk


@asynccontextmanager
async def an_office(path: Path) -> AsyncIterator[Office]:
    """Open the database that stands for a file, as one process does, and close it."""
    database = await here().open(path)
    clock = FixedClock(NOON)
    configuration = RefreshConfiguration(database, interval=0.01)
    refresh = configuration.refresh
    desk = Desk(
        connections=ManageConnections(database, clock, refresh),
        clients=ManageClients(database, clock, refresh),
        users=ManageUsers(database, clock),
        apis=ManageApis(database, clock, refresh),
        registration_tokens=ManageRegistrationTokens(database, clock),
        signing_keys=RotateSigningKey(database, KEYRING, clock, refresh),
    )
    first_values = WriteFirstValues(database, clock)
    try:
        yield Office(database, clock, configuration, first_values, desk)
    finally:
        await database.close()


def some_settings(folder: Path, text: str = EXAMPLE) -> Settings:
    """Return the settings of a configuration text."""
    return load(str(write(folder, text)), {}).settings
