"""An open installation: its database, its keys, its configuration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from latchstring.base import key_file
from latchstring.base.clock import Clock, SteadyClock
from latchstring.base.logging import get_logger
from latchstring.base.secrets import Keyring
from latchstring.base.settings import Settings
from latchstring.base.settings_reading import SettingsError
from latchstring.base.settings_urls import is_sqlite
from latchstring.db.database import Database
from latchstring.db.opening import ADMINISTRATORS, PEOPLE, open_database
from latchstring.domain.keys.check import WrongKeyFile
from latchstring.flows.end_what_was_live import EndWhatWasLive, Reason
from latchstring.flows.keep_time import KeepTime
from latchstring.flows.notice_failover import NoticeFailover
from latchstring.flows.prepare_keys import CheckKeyring
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.flows.write_first_values import WriteFirstValues

logger = get_logger()


class Installation(msgspec.Struct, frozen=True):
    """What every command needs."""

    settings: Settings
    clock: Clock
    database: Database
    keyring: Keyring
    configuration: RefreshConfiguration


@asynccontextmanager
async def opened(
    settings: Settings, clock: Clock | None = None, patience: float = PEOPLE
) -> AsyncIterator[Installation]:
    """Open the database, bring its schema up to date, check the keys, write first values."""
    steady = SteadyClock()
    nothing_lost = settings.database_failover == "synchronous"
    database = await open_database(settings, NoticeFailover(steady, nothing_lost), patience)
    try:
        keyring = await _keyring(database, settings.secret_key_file)
        configuration = RefreshConfiguration(
            database, _keep_time(settings, database, steady) if clock is None else None
        )
        clock = clock or steady
        await configuration.refresh()  # first of all the time
        await _write_first_values(database, clock, settings)
        await configuration.refresh()
        yield Installation(settings, clock, database, keyring, configuration)
    finally:
        await database.close()


def _keep_time(settings: Settings, database: Database, clock: SteadyClock) -> KeepTime:
    end = EndWhatWasLive(clock)

    async def before_going_back() -> None:
        # There may be millions of rows, for which nobody who signs in would wait.
        async with _unhurried(settings, database) as patient:
            await patient.transact(lambda tx: end(tx, Reason.CLOCK_WENT_BACK))

    return KeepTime(clock, before_going_back)


@asynccontextmanager
async def _unhurried(settings: Settings, database: Database) -> AsyncIterator[Database]:
    """Return a database with an administrator's patience; a file has one writer, who has it."""
    if is_sqlite(settings.database_url):
        yield database
        return
    patient = await open_database(settings, patience=ADMINISTRATORS)
    try:
        yield patient
    finally:
        await patient.close()


async def _keyring(database: Database, path: Path) -> Keyring:
    """Read the key file; one is made only together with a new database."""
    if not path.exists() and await CheckKeyring(database, Keyring({})).is_first():  # noqa: ASYNC240 - at the start, before anybody waits
        _make_key_file(path)
    if not path.exists():  # noqa: ASYNC240 - as above
        message = f"The key file {path} is missing, and this database was made with one."
        raise WrongKeyFile(message)
    keyring = key_file.read_keyring(path)
    await CheckKeyring(database, keyring)()
    return keyring


def _make_key_file(path: Path) -> None:
    """Make the key file, unless another node that starts at the same time was faster."""
    try:
        key_file.create(path)
    except SettingsError:
        if not path.exists():
            raise
    else:
        logger.info("key_file_created", path=str(path))


async def _write_first_values(database: Database, clock: Clock, settings: Settings) -> None:
    first = await WriteFirstValues(database, clock)(settings)
    for name in first.written:
        logger.info("first_value_written", name=name)
    for difference in first.differences:
        logger.warning(
            "configuration_differs",
            key=difference.key,
            file=difference.in_file,
            database=difference.in_database,
            holds="database",
        )
