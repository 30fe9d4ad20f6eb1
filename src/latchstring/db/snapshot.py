"""A SQLite file's pages as they are at one moment, while a server goes on writing to it."""

import os
from pathlib import Path

import apsw

from latchstring.base.errors import Unavailable
from latchstring.db.file import told

_PAGES = 64
"""Copied in one step: a quarter of a megabyte."""

_STEPS = 64
"""Steps after which the disk is told to keep up. Left to itself it collects what was written, and
the commits of the server wait behind all of it."""


def copy_pages(source: apsw.Connection, target: Path) -> None:
    """Copy what a connection's transaction sees into an empty file.

    Readers hold no writer up in WAL, and the transaction keeps the copy from being started again
    with each commit of the server.
    """
    # Closed last: with any handle of a file, a process lets go of its locks on it.
    with told(target), target.open("rb") as file:
        connection = apsw.Connection(str(target))
        try:
            connection.execute("pragma journal_mode = off")
            connection.execute("pragma synchronous = off")
            with connection.backup("main", source, "main") as backup:
                while not backup.done:
                    _step(backup)
                    os.fdatasync(file.fileno())
        finally:
            connection.close()


def finish(path: Path) -> None:
    """Make a written file one that stands alone, without a log beside it; say if it is damaged."""
    with told(path):
        connection = apsw.Connection(str(path))
        try:
            connection.execute("pragma journal_mode = delete")
            damage = connection.execute("pragma integrity_check(1)").fetchone()
            astray = connection.execute("pragma foreign_key_check").fetchone()
        finally:
            connection.close()
    if damage != ("ok",):
        message = f"The database is damaged: {str(damage[0]).splitlines()[-1] if damage else ''}."
        raise Unavailable(message)
    if astray is not None:
        raise Unavailable(f"The database is damaged: a row of {astray[0]} refers to none.")


def _step(backup: apsw.Backup) -> None:
    for _ in range(_STEPS):
        backup.step(_PAGES)
        if backup.done:
            break
