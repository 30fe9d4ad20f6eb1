"""Migrations: each once, all or nothing, never edited, whoever starts at the same moment."""

import signal
import subprocess
import sys
from importlib import resources
from pathlib import Path

import apsw
import pytest

from latchstring.db import migrate
from latchstring.db.sqlite import connect
from tests.conftest import FULL

OPENING = """
import sys
from importlib import resources
from pathlib import Path
from latchstring.db.sqlite import SqliteDatabase
sys.stdin.readline()
SqliteDatabase(Path(sys.argv[1])).open()
"""

DYING = """
import os, signal, sys
from pathlib import Path
from latchstring.db import migrate
from latchstring.db.sqlite import connect

connection = connect(Path(sys.argv[1]))
left = int(sys.argv[2])


def count(cursor, sql, bindings):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return True


connection.exec_trace = count
migrate.apply(connection)
"""


def schema_of(path: Path) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    rows = connection.execute("select name, sql from sqlite_master order by name").fetchall()
    connection.close()
    return [tuple(row) for row in rows]


def a_database(folder: Path, name: str = "x.db") -> apsw.Connection:
    connection = connect(folder / name)
    migrate.apply(connection)
    return connection


@pytest.fixture
def clean(tmp_path):
    """The schema of a database that nothing happened to."""
    a_database(tmp_path, "clean.db").close()
    return schema_of(tmp_path / "clean.db")


def test_every_migration_is_applied_once_and_noted(tmp_path):
    connection = connect(tmp_path / "x.db")
    applied = migrate.apply(connection)

    assert applied == migrate.known()
    assert [m.number for m in applied] == list(range(1, len(applied) + 1))
    assert migrate.apply(connection) == migrate.pending(connection) == []
    noted = connection.execute("select number, name, checksum from schema_migrations").fetchall()
    assert noted == [(m.number, m.name, m.checksum) for m in applied]
    connection.close()


def test_only_numbered_files_are_migrations(tmp_path, monkeypatch):
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("0002_second.sql", "0001_first.sql", "README.md", "1_short.sql"):
        (folder / name).write_text("select 1", encoding="utf-8")
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)

    assert [m.name for m in migrate.known()] == ["first", "second"]


def test_r_27_three_processes_that_start_at_once_migrate_once(tmp_path, clean):
    for attempt in range(3):
        path = tmp_path / f"{attempt}.db"
        starting = [
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", OPENING, str(path)],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for _ in range(3)
        ]
        for process in starting:
            assert process.stdin
            process.stdin.write(b"go\n")
            process.stdin.flush()
        for process in starting:
            _, errors = process.communicate(timeout=30)
            assert process.returncode == 0, errors.decode()
        assert schema_of(path) == clean
        connection = apsw.Connection(str(path))
        rows = connection.execute("select count(*) from schema_migrations").fetchall()
        assert rows == [(len(migrate.known()),)]
        connection.close()


@pytest.mark.parametrize("statements", range(2, 45, 1 if FULL else 9))
def test_r_28_a_kill_between_two_statements_leaves_nothing_and_the_next_start_finishes(
    tmp_path, clean, statements
):
    path = tmp_path / "x.db"
    killed = subprocess.run(
        [sys.executable, "-c", DYING, str(path), str(statements)], check=False, timeout=30
    )
    assert killed.returncode == -signal.SIGKILL
    assert not any(row[0] == "schema_migrations" for row in schema_of(path))
    connection = a_database(tmp_path)

    assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    connection.close()
    assert schema_of(path) == clean


def test_a_migration_that_was_edited_later_is_refused(tmp_path):
    connection = a_database(tmp_path)
    connection.execute("update schema_migrations set checksum = 'another' where number = 1")

    with pytest.raises(migrate.SchemaMismatch, match="migration 1 was applied with another text"):
        migrate.apply(connection)
    connection.close()


def test_a_database_of_a_newer_program_is_refused(tmp_path):
    connection = a_database(tmp_path)
    connection.execute("insert into schema_migrations values (9999, 'later', 'x', 0, false)")

    with pytest.raises(migrate.SchemaMismatch, match="migration 9999, which this version does not"):
        migrate.apply(connection)
    connection.close()


def test_a_newer_program_may_let_older_ones_go_on(tmp_path):
    connection = a_database(tmp_path)
    connection.execute("insert into schema_migrations values (9999, 'later', 'x', 0, true)")

    assert migrate.apply(connection) == []
    connection.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path, monkeypatch):
    good, bad = migrate.Migration(1, "good", "create table good (n bigint)"), None
    bad = migrate.Migration(2, "bad", "create table half (n bigint); create nonsense")
    monkeypatch.setattr(migrate, "known", lambda: [good, bad])
    connection = connect(tmp_path / "x.db")

    with pytest.raises(apsw.SQLError):
        migrate.apply(connection)
    assert schema_of(tmp_path / "x.db") == []
    monkeypatch.setattr(migrate, "known", lambda: [good])
    assert migrate.apply(connection) == [good]
    connection.close()


def test_a_migration_that_ends_the_transaction_itself_is_no_success(tmp_path, monkeypatch):
    rogue = migrate.Migration(1, "rogue", "rollback")
    monkeypatch.setattr(migrate, "known", lambda: [rogue])
    connection = connect(tmp_path / "x.db")

    with pytest.raises(apsw.SQLError):
        migrate.apply(connection)
    connection.close()


def test_a_later_migration_is_applied_to_what_is_there(tmp_path, monkeypatch):
    connection = a_database(tmp_path)
    later = migrate.Migration(2000, "later", "create table later (n bigint)")
    ours = migrate.known()
    monkeypatch.setattr(migrate, "known", lambda: [*ours, later])

    assert migrate.apply(connection) == [later]
    connection.close()


def test_another_process_that_was_faster_leaves_nothing_to_do(tmp_path, monkeypatch):
    connection = connect(tmp_path / "x.db")
    pending = migrate.pending
    answers = iter([migrate.known()])

    def slow(found):
        first = next(answers, None)
        if first is not None:
            a_database(tmp_path).close()
            return first
        return pending(found)

    monkeypatch.setattr(migrate, "pending", slow)
    assert migrate.apply(connection) == []
    connection.close()
