"""Numbered migrations, forward only, each applied exactly once, under the database's write lock."""

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

import apsw

from latchstring.base.clock import milliseconds
from latchstring.base.errors import Unavailable

_FILE = re.compile(r"^(\d{4})_(\w+)\.sql$")
_BOOK = """
create table if not exists schema_migrations (
    number bigint primary key,
    name text not null,
    checksum text not null,
    applied_at bigint not null
)
"""


class SchemaMismatch(Unavailable):
    """The database was made by another version of the program."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of ``migrations/``."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Digest of the text: an applied migration is never edited."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def known() -> list[Migration]:
    """Return the program's migrations in their order."""
    found = []
    for file in resources.files("latchstring.db").joinpath("migrations").iterdir():
        match = _FILE.match(file.name)
        if match:
            text = file.read_text(encoding="utf-8")
            found.append(Migration(int(match[1]), match[2], text))
    return sorted(found, key=lambda migration: migration.number)


def pending(connection: apsw.Connection) -> list[Migration]:
    """Return what is not applied yet; raise ``SchemaMismatch`` for a history that is not ours."""
    if not connection.table_exists("main", "schema_migrations"):
        return known()
    rows = connection.execute("select number, checksum from schema_migrations").fetchall()
    applied: dict[Any, Any] = {row[0]: row[1] for row in rows}
    ours = {migration.number: migration for migration in known()}
    for number, checksum in applied.items():
        if number not in ours:
            raise SchemaMismatch(
                f"The database has migration {number}, which this version does not know: "
                "a newer one has made it."
            )
        if ours[number].checksum != checksum:
            raise SchemaMismatch(
                f"The database's migration {number} was applied with another text: "
                "another version has made it."
            )
    return [migration for migration in ours.values() if migration.number not in applied]


def apply(connection: apsw.Connection) -> list[Migration]:
    """Apply what is pending, all or nothing, and return it."""
    if not pending(connection):
        return []
    connection.execute("begin immediate")
    try:
        connection.execute(_BOOK)
        todo = pending(connection)  # another process may have been faster
        for migration in todo:
            connection.execute(migration.text)
            connection.execute(
                "insert into schema_migrations values (?, ?, ?, ?)",
                (migration.number, migration.name, migration.checksum, milliseconds()),
            )
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    return todo
