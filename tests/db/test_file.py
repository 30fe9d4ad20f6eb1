"""What stands in the way of a start is told in one sentence, and is no crash."""

import apsw
import pytest

from latchstring.base.errors import Unavailable
from latchstring.db import file
from latchstring.db.migrate import SchemaMismatch
from latchstring.db.sqlite import SqliteDatabase


def refusal_of(path) -> str:
    with pytest.raises(Unavailable) as refused:
        SqliteDatabase(path).open()
    return str(refused.value)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path):
    path = tmp_path / "x.db"
    path.write_text("a letter to Alice " * 100, encoding="utf-8")

    assert refusal_of(path) == f"The file {path} is not a database."
    assert path.read_text(encoding="utf-8").startswith("a letter")


def test_a_folder_is_no_database(tmp_path):
    path = tmp_path / "x.db"
    path.mkdir()

    assert refusal_of(path) == f"The database {path} cannot be used: unable to open database file."


def test_a_file_where_a_folder_should_be_is_told(tmp_path):
    (tmp_path / "var").touch()

    for act in (SqliteDatabase.open, lambda found: file.held_alone(found.path).__enter__()):
        with pytest.raises(Unavailable, match=r"cannot be used: (File exists|Not a directory)"):
            act(SqliteDatabase(tmp_path / "var" / "x.db"))


def test_a_database_of_a_newer_program_is_told(tmp_path):
    path = tmp_path / "x.db"
    connection = file.connect(path)
    file.bring_up_to_date(connection, path)
    connection.execute("insert into schema_migrations values (9999, 'later', 'x', 0, false)")
    connection.close()

    assert "which this version does not know" in refusal_of(path)
    assert issubclass(SchemaMismatch, Unavailable)


def test_a_lock_while_the_schema_is_made_is_waited_for_and_then_told(tmp_path, monkeypatch):
    monkeypatch.setattr(file, "_PATIENCE_MILLISECONDS", 50)
    path = tmp_path / "x.db"
    other = file.connect(path)
    other.execute("begin immediate")

    assert refusal_of(path).startswith("Another program is writing to the database")
    other.close()


def test_a_damaged_database_is_told(tmp_path):
    path = tmp_path / "x.db"
    connection = file.connect(path)
    file.bring_up_to_date(connection, path)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)

    assert refusal_of(path).startswith(f"The database {path} cannot be used:")


def test_two_who_make_the_same_database_both_get_it(tmp_path):
    first, second = (file.connect(tmp_path / "x.db") for _ in range(2))

    assert file.bring_up_to_date(first, tmp_path / "x.db")
    assert file.bring_up_to_date(second, tmp_path / "x.db") == []
    assert isinstance(second, apsw.Connection)
    first.close()
    second.close()
