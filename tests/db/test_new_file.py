"""A new database file is there as a whole or not at all, and takes nobody's place unasked."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from latchstring.base.errors import Forbidden, Unavailable
from latchstring.db import new_file as module
from latchstring.db.new_file import new_file
from tests.support.configuration import mode_of

DATABASE = b"SQLite format 3\x00 and so on"

DYING = """
import os, sys
from pathlib import Path
from latchstring.db.new_file import new_file
with new_file(Path(sys.argv[1])) as beside:
    beside.write_bytes(b"half of it")
    os.kill(os.getpid(), 9)
"""


def write(place: Path, content: bytes = DATABASE, *, replace: bool = False) -> None:
    with new_file(place, replace=replace) as beside:
        beside.write_bytes(content)
        assert mode_of(beside) == 0o600


def write_badly(place: Path) -> None:
    with new_file(place) as beside:
        beside.with_name(f"{beside.name}-wal").write_bytes(b"a log")
        raise ZeroDivisionError


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal_of(place: Path, *, replace: bool = False) -> str:
    with pytest.raises(Forbidden) as refused:
        write(place, replace=replace)
    return str(refused.value)


def test_it_is_there_when_it_is_whole_for_its_owner_alone(tmp_path):
    place = tmp_path / "b.db"
    with new_file(place) as beside:
        assert not place.exists()
        beside.write_bytes(DATABASE)
    assert place.read_bytes() == DATABASE
    assert mode_of(place) == 0o600
    assert listed(tmp_path) == ["b.db"]


def test_nothing_is_left_of_a_writing_that_failed(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_badly(tmp_path / "b.db")
    assert listed(tmp_path) == []


def test_what_is_in_its_place_stays(tmp_path):
    place = tmp_path / "b.db"
    place.write_bytes(DATABASE)
    assert refusal_of(place) == f"The file {place} exists already."
    assert place.read_bytes() == DATABASE


def test_what_came_into_its_place_meanwhile_stays(tmp_path):
    place = tmp_path / "b.db"
    with pytest.raises(Forbidden, match="exists already"), new_file(place):
        place.write_bytes(b"somebody else's")
    assert place.read_bytes() == b"somebody else's"
    assert listed(tmp_path) == ["b.db"]


def test_what_comes_at_the_last_moment_stays_too(tmp_path, monkeypatch):
    place = tmp_path / "b.db"
    monkeypatch.setattr(module, "_check", lambda *_, **__: None)
    place.write_bytes(DATABASE)
    assert refusal_of(place) == f"The file {place} exists already."


def test_an_older_backup_is_replaced_where_that_is_wanted(tmp_path):
    place = tmp_path / "b.db"
    write(place)
    write(place, b"newer", replace=True)
    assert place.read_bytes() == b"newer"
    write(tmp_path / "c.db", replace=True)
    assert listed(tmp_path) == ["b.db", "c.db"]


def test_only_a_database_is_replaced(tmp_path):
    place = tmp_path / "letter.txt"
    place.write_text("Dear Alice, how are you?")
    assert (
        refusal_of(place, replace=True) == f"{place} is not a database, and is not replaced by one."
    )
    assert refusal_of(tmp_path, replace=True).startswith(f"{tmp_path} is not a database")
    assert place.read_text().startswith("Dear Alice")


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_a_strangers_log_is_not_taken_for_its_own(tmp_path, end):
    place = tmp_path / "b.db"
    log = tmp_path / f"b.db{end}"
    log.write_bytes(b"what is left of another database")
    assert refusal_of(place) == f"{log} is in the way: it would be taken for part of the new file."
    place.write_bytes(DATABASE)
    assert (
        refusal_of(place, replace=True) == f"{place} is in use as a database, and is not replaced."
    )


def test_two_who_write_the_same_file_do_not_meet(tmp_path):
    place = tmp_path / "b.db"
    with new_file(place) as beside:
        beside.write_bytes(DATABASE)
        assert refusal_of(place) == f"Another command is writing {beside}."
    assert place.read_bytes() == DATABASE


def test_what_a_killed_one_left_is_cleared_away(tmp_path):
    place = tmp_path / "b.db"
    done = subprocess.run([sys.executable, "-c", DYING, str(place)], check=False)
    assert done.returncode == -9
    assert listed(tmp_path) == [".b.db.new"]
    write(place)
    assert listed(tmp_path) == ["b.db"]


def test_a_leftover_that_is_the_finished_file_too_does_not_spoil_it(tmp_path):
    """Killed between putting it in its place and taking it from where it was written."""
    place = tmp_path / "b.db"
    place.write_bytes(DATABASE)
    (tmp_path / ".b.db.new").hardlink_to(place)
    with new_file(place, replace=True) as beside:
        assert beside.read_bytes() == b""
        assert place.read_bytes() == DATABASE
        beside.write_bytes(b"newer")
    assert place.read_bytes() == b"newer"


def test_a_file_system_without_links_serves_as_well(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    write(tmp_path / "b.db")
    assert listed(tmp_path) == ["b.db"]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    assert refusal_of(tmp_path / "no" / "b.db") == f"There is no folder {tmp_path / 'no'}."


def test_a_place_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Unavailable, match="cannot be written: Read-only file system"):
        write(tmp_path / "b.db")
