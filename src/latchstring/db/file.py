"""The database's file: made, opened, brought up to date, and held; a refusal is one sentence."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

from latchstring.base.errors import Unavailable
from latchstring.base.folders import make_private
from latchstring.db import migrate
from latchstring.db.migrate import Migration

_PATIENCE_MILLISECONDS = 5_000
"""How long a start waits for another process, which may be applying migrations just now."""

_CACHE_KIB = 32 * 1024
"""Digests are random, so each sign-in touches pages all over the file: keep the busy ones."""

_CHECKPOINT_PAGES = 8_000
"""Pages of the log after which they go into the file: one that many sign-ins change goes once."""

_CANNOT = (
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.PermissionsError,
    apsw.ReadOnlyError,
)


def connect(path: Path) -> apsw.Connection:
    """Open the file, creating it readable for its owner alone, with the durability we promise."""
    with told(path):
        make_private(path.parent)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = apsw.Connection(str(path), statementcachesize=200)
        connection.set_busy_timeout(_PATIENCE_MILLISECONDS)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        # What a savepoint would have to undo; in a file, it costs a write per changed page.
        connection.execute("pragma temp_store = memory")
        connection.execute(f"pragma cache_size = -{_CACHE_KIB}")
        connection.execute(f"pragma wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        # Without it a build with STAT4 plans some statements anew at each execution, to look at
        # the values: a tenth of a sign-in's CPU.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        return connection


def bring_up_to_date(connection: apsw.Connection, path: Path) -> list[Migration]:
    """Apply pending migrations and return them; raise ``Unavailable`` where that cannot be."""
    with told(path):
        return migrate.apply(connection)


@contextlib.contextmanager
def held_alone(path: Path) -> Iterator[None]:
    """Hold the place of the one server on this file; raise ``Unavailable`` where it is taken.

    Worker and command line share the file with it. A second server would take over the first
    one's deliveries in flight.
    """
    with told(path):
        make_private(path.parent)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        message = "Another server is running on this database file."
        raise Unavailable(message) from None
    try:
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what stands in the way into a sentence for whoever started the program."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as trouble:
        message = f"Another program is writing to the database {path}. Try again in a moment."
        raise Unavailable(message) from trouble
    except apsw.NotADBError as trouble:
        raise Unavailable(f"The file {path} is not a database.") from trouble
    except _CANNOT as trouble:
        raise Unavailable(f"The database {path} cannot be used: {trouble}.") from trouble
    except OSError as trouble:
        message = f"The database {path} cannot be used: {trouble.strerror}."
        raise Unavailable(message) from trouble
