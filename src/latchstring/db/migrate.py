"""Numbered migrations, forward only, each applied exactly once, under the database's write lock.

The files are one text for both databases. Here is what they are, and how a SQLite file takes them;
how a PostgreSQL server does is in ``server.py``.
"""

import hashlib
import re
from collections.abc import Iterable
from importlib import resources
from typing import Any

import apsw
import msgspec

from latchstring.base.clock import milliseconds
from latchstring.base.errors import Unavailable

_FILE = re.compile(r"^(\d{4})_(\w+)\.sql$")
BOOK = """
create table if not exists schema_migrations (
    number bigint primary key,
    name text not null,
    checksum text not null,
    applied_at bigint not null
)
"""
READ_BOOK = "select number, checksum, older_may_run from schema_migrations"
READ_OLD_BOOK = "select number, checksum, false from schema_migrations"
"""Before the second migration the book did not say what older programs may do."""

_TOLERANT = "-- Programs that do not know this migration may go on.\n"
"""First line of a migration that only adds what older programs do not look at."""


class SchemaMismatch(Unavailable):
    """The database was made by another version of the program."""


class Migration(msgspec.Struct, frozen=True):
    """One file of ``migrations/``."""

    number: int
    name: str
    text: str

    @property
    def older_may_run(self) -> bool:
        """Whether a program that lacks this migration can work on its result."""
        return self.text.startswith(_TOLERANT)

    @property
    def checksum(self) -> str:
        """Digest of the text: an applied migration is never edited."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Applied(msgspec.Struct, frozen=True):
    """A line of a database's book."""

    number: int
    checksum: str
    older_may_run: bool


def known() -> list[Migration]:
    """Return the program's migrations in their order."""
    found = []
    for file in resources.files("latchstring.db").joinpath("migrations").iterdir():
        match = _FILE.match(file.name)
        if match:
            text = file.read_text(encoding="utf-8")
            found.append(Migration(int(match[1]), match[2], text))
    return sorted(found, key=lambda migration: migration.number)


def unapplied(book: Iterable[Applied]) -> list[Migration]:
    """Return what is not applied yet; raise ``SchemaMismatch`` for a history that is not ours.

    A migration of a newer version may say that older programs can go on: then nodes are brought up
    to date, and back, one after the other.
    """
    ours = {migration.number: migration for migration in known()}
    applied = {entry.number: entry for entry in book}
    for number, entry in applied.items():
        if number not in ours:
            if entry.older_may_run:
                continue
            raise SchemaMismatch(
                f"The database has migration {number}, which this version does not know: "
                "a newer one has made it."
            )
        if ours[number].checksum != entry.checksum:
            raise SchemaMismatch(
                f"The database's migration {number} was applied with another text: "
                "another version has made it."
            )
    return [migration for migration in ours.values() if migration.number not in applied]


def pending(connection: apsw.Connection) -> list[Migration]:
    """Return what a SQLite file lacks; raise ``SchemaMismatch``."""
    if not connection.table_exists("main", "schema_migrations"):
        return known()
    columns = connection.execute("select name from pragma_table_info('schema_migrations')")
    tolerant = ("older_may_run",) in columns.fetchall()
    question = READ_BOOK if tolerant else READ_OLD_BOOK
    rows: list[Any] = connection.execute(question).fetchall()
    return unapplied(Applied(row[0], row[1], bool(row[2])) for row in rows)


def apply(connection: apsw.Connection) -> list[Migration]:
    """Apply what is pending, all or nothing, and return it."""
    if not pending(connection):
        return []
    connection.execute("begin immediate")
    try:
        connection.execute(BOOK)
        todo = pending(connection)  # another process may have been faster
        for migration in todo:
            connection.execute(migration.text)
            connection.execute(
                "insert into schema_migrations (number, name, checksum, applied_at) "
                "values (?, ?, ?, ?)",
                (migration.number, migration.name, migration.checksum, milliseconds()),
            )
        for migration in todo:
            if migration.older_may_run:
                connection.execute(
                    "update schema_migrations set older_may_run = true where number = ?",
                    (migration.number,),
                )
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    return todo
