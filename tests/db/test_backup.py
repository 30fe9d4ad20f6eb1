"""A backup is the database at one moment, whole, in one file; the original is left as it is."""

import threading

import apsw
import pytest

from latchstring.base.errors import Forbidden, Unavailable
from latchstring.db import backup, copying, file, migrate, snapshot, sqlite_place
from latchstring.db.backup import back_up, copy_file
from tests.support.configuration import mode_of
from tests.support.rows import a_filled_database, contents


def url_of(path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def original(tmp_path):
    """A database with rows in every table."""
    return a_filled_database(tmp_path / "var" / "x.db")


async def test_every_row_of_every_table_is_in_it(tmp_path, original):
    counts = await back_up(url_of(original), tmp_path / "b.db")
    assert contents(tmp_path / "b.db") == contents(original)
    assert counts["users"] == counts["messages"] == 25
    assert counts["schema_migrations"] == len(migrate.known())


async def test_it_is_one_file_that_needs_no_log(tmp_path, original):
    await back_up(url_of(original), tmp_path / "b.db")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["b.db"]
    assert mode_of(tmp_path / "b.db") == 0o600
    (tmp_path / "b.db").chmod(0o400)
    tmp_path.chmod(0o500)
    assert contents(tmp_path / "b.db") == contents(original)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["b.db"]


async def test_it_is_one_moment_of_a_database_that_is_written_to(tmp_path, original, monkeypatch):
    """A writer keeps two tables equal, commit by commit; in every backup they are."""
    stop, commits = threading.Event(), []
    monkeypatch.setattr(snapshot, "_PAGES", 1)
    monkeypatch.setattr(snapshot, "_STEPS", 1)

    def write() -> None:
        connection = file.connect(original)
        while not stop.is_set():
            name = f"w{len(commits)}"
            connection.execute("begin immediate")
            connection.execute("insert into users values (?, 1, 1, null, null, 0)", (name,))
            connection.execute(
                "insert into identifiers values (?, 'email', ?, ?, null, 1, 0)", (name,) * 3
            )
            connection.execute("commit")
            commits.append(name)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [await back_up(url_of(original), tmp_path / f"{n}.db") for n in range(5)]
    finally:
        stop.set()
        writer.join()
    assert all(counts["users"] == counts["identifiers"] for counts in seen)
    assert [counts["users"] for counts in seen] == sorted(counts["users"] for counts in seen)
    assert len(commits) > 5
    assert seen[-1]["users"] > 25


async def test_a_writer_waits_for_no_backup(tmp_path, original):
    """While a copy is being made, and stands still, others commit."""
    copy = tmp_path / "b.db"
    copy.touch()
    with sqlite_place.read(original) as source:
        other = file.connect(original)
        other.set_busy_timeout(0)
        other.execute("insert into users values ('meanwhile', 1, 1, null, null, 0)")
        snapshot.copy_pages(source, copy)
        other.close()
    assert len(contents(copy)["users"]) == 25
    assert len(contents(original)["users"]) == 26


async def test_the_database_itself_is_not_replaced_by_its_backup(tmp_path, original):
    link = tmp_path / "link.db"
    link.symlink_to(original)
    for path in (original, link):
        with pytest.raises(Forbidden, match="is the database itself"):
            await back_up(url_of(original), path, replace=True)
    assert len(contents(original)["users"]) == 25


async def test_without_a_database_there_is_no_backup(tmp_path):
    with pytest.raises(Forbidden, match=f"There is no database {tmp_path}/x.db."):
        await back_up(url_of(tmp_path / "x.db"), tmp_path / "b.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_database_of_another_program_is_not_backed_up(tmp_path):
    apsw.Connection(str(tmp_path / "x.db")).execute("create table letters (text text)")
    with pytest.raises(Forbidden, match="is no database of this program"):
        await back_up(url_of(tmp_path / "x.db"), tmp_path / "b.db")
    (tmp_path / "y.db").write_text("Dear Alice " * 100)
    with pytest.raises(Unavailable, match="is not a database"):
        await back_up(url_of(tmp_path / "y.db"), tmp_path / "b.db")


async def test_a_damaged_database_makes_no_backup(tmp_path, original):
    connection = apsw.Connection(str(original))
    connection.execute("pragma writable_schema = on")
    connection.execute("pragma foreign_keys = off")
    connection.execute("update identifiers set user_id = 'nobody' where user_id like '%1'")
    connection.close()
    with pytest.raises(Unavailable, match="damaged: a row of identifiers refers to none"):
        await back_up(url_of(original), tmp_path / "b.db")

    content = bytearray(original.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = b"\xff" * 4096
    original.write_bytes(content)
    with pytest.raises(Unavailable, match="damaged"):
        await back_up(url_of(original), tmp_path / "b.db")
    assert not (tmp_path / "b.db").exists()


async def test_a_backup_in_which_rows_are_missing_is_none(tmp_path, original, monkeypatch):
    def lose(source, target):
        snapshot.copy_pages(source, target)
        connection = apsw.Connection(str(target))
        connection.execute("pragma journal_mode = delete")
        connection.execute("delete from sessions where id in (select id from sessions limit 1)")
        connection.close()

    monkeypatch.setattr(
        backup, "snapshot", type("Lossy", (), {"copy_pages": lose, "finish": snapshot.finish})
    )
    with pytest.raises(copying.Differs, match="Of 25 rows of the table sessions, 24 arrived"):
        await back_up(url_of(original), tmp_path / "b.db")
    assert not (tmp_path / "b.db").exists()


async def test_a_full_disk_leaves_no_half_a_backup(tmp_path, original, monkeypatch):
    def fill_up(*_):
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr(snapshot, "_step", fill_up)
    with pytest.raises(Unavailable, match="database or disk is full"):
        await back_up(url_of(original), tmp_path / "b.db")
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


async def test_a_copy_is_compared_row_by_row_where_that_is_asked_for(tmp_path, original):
    (tmp_path / "b.db").touch()
    counts = await copy_file(original, tmp_path / "b.db", each_row=True)
    assert counts["challenges"] == 25
