"""Backup, restore and move: the copies of an installation that its operator asks for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from latchstring.base import key_file, logging
from latchstring.base.clock import SystemClock
from latchstring.base.secrets import Keyring
from latchstring.base.settings import Settings
from latchstring.cli.keeping import Keeping, Restored, Rows
from latchstring.db.backup import back_up, copy_file
from latchstring.db.new_file import new_file
from latchstring.db.opening import ADMINISTRATORS
from latchstring.db.snapshot import finish
from latchstring.db.sqlite import SqliteDatabase
from latchstring.db.transfer import held_alone, require_empty, require_there, transfer
from latchstring.domain.audit import store as audit
from latchstring.flows.end_what_was_live import EndWhatWasLive, Reason
from latchstring.flows.prepare_keys import CheckKeyring, PrepareKeys


def keeping() -> Keeping:
    """Return what the command line may do."""
    logging.configure("console", "error")
    return Keeping(backup=backup, restore=restore, move=move)


def backup(settings: Settings, file: Path, replace: bool) -> Rows:  # noqa: FBT001 - one caller, by position
    """Copy the configured database into a file."""
    return asyncio.run(back_up(settings.database_url, file, replace=replace))


def restore(settings: Settings, file: Path) -> Restored:
    """Bring a backup into the configured database."""
    keyring = key_file.read_keyring(settings.secret_key_file)
    return asyncio.run(_restore(settings, file, keyring))


def move(source: str, target: str) -> Rows:
    """Copy an installation with everything that is live in it."""
    require_there(source)  # before a lock is put beside it
    with held_alone(source, target):
        return asyncio.run(transfer(source, target, hold=True))


async def _restore(settings: Settings, file: Path, keyring: Keyring) -> Restored:
    """Do everything on a copy, and let only that become the installation.

    So a wrong key or a damaged file is refused before anything is written, and there is no moment
    at which somebody could use what is about to be ended.
    """
    url = settings.database_url
    await require_empty(url)
    with held_alone(url), _working_copy(settings) as copy:
        rows = await copy_file(file, copy, each_row=True)
        newest, ended = await _revived(copy, keyring)
        finish(copy)
        if not settings.is_sqlite:
            await transfer(f"sqlite:///{copy}", url)
        return Restored(rows, newest, ended)


@contextmanager
def _working_copy(settings: Settings) -> Iterator[Path]:
    """Give a file to work on: one that becomes the database, or, for a server, one that goes."""
    if settings.is_sqlite:
        with new_file(settings.database_path) as beside:
            yield beside
        return
    with TemporaryDirectory(prefix="latchstring-") as folder:
        copy = Path(folder, "restored.db")
        copy.touch(0o600)
        yield copy


async def _revived(copy: Path, keyring: Keyring) -> tuple[datetime | None, dict[str, int]]:
    """Bring the copy up to date, try its keys, and end what was live in it."""
    database, clock = SqliteDatabase(copy, ADMINISTRATORS).open(), SystemClock()
    try:
        await CheckKeyring(database, keyring)()
        await PrepareKeys(database, keyring, clock)()
        newest = await database.read(audit.newest)
        end = EndWhatWasLive(clock)
        event = await database.transact(lambda tx: end(tx, Reason.RESTORED))
    finally:
        await database.close()
    ended = msgspec.structs.asdict(event)
    return newest, {name: count for name, count in ended.items() if name != "reason"}
