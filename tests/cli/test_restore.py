"""``latchstring restore``."""

import pytest

from latchstring.cli.restore import NOTICES
from tests.support.command_line import a_shell

pytestmark = pytest.mark.at("sqlite")  # the files that the commands name


def a_shell_with_a_backup(folder):
    """A configuration with its key file, a backup, and no database."""
    shell = a_shell(folder)
    shell.run("keys", "new")
    shell.run("connections", "show")
    shell.run("backup", str(folder / "b.db"))
    (folder / "var" / "latchstring.db").unlink()
    return shell


def test_it_says_what_came_what_ended_and_what_one_may_not_expect(tmp_path):
    shell = a_shell_with_a_backup(tmp_path)
    result = shell.run("restore", str(tmp_path / "b.db"))
    assert result.exit_code == 0
    words = [line.split() for line in result.stdout.splitlines()]
    assert ["clients", "1"] in words
    assert ["sessions", "0"] in words
    assert "The last event that this backup knows of: -." in result.stdout
    for notice in NOTICES:
        assert f"- {notice}\n" in result.stdout
    assert shell.run("clients", "list").exit_code == 0


def test_for_programs_it_says_the_same(tmp_path):
    shell = a_shell_with_a_backup(tmp_path)
    told = shell.answer("restore", str(tmp_path / "b.db"))
    assert told["tables"]["connections"] == 2
    assert told["newest_event"] is None
    assert set(told["ended"]) == {
        "challenges", "messages", "requests", "codes", "devices", "tokens", "sessions",
    }  # fmt: skip
    assert told["notices"] == list(NOTICES)


def test_a_database_that_is_there_is_not_touched(tmp_path):
    shell = a_shell_with_a_backup(tmp_path)
    shell.run("restore", str(tmp_path / "b.db"))
    path = tmp_path / "var" / "latchstring.db"
    before = path.read_bytes()
    result = shell.run("restore", str(tmp_path / "b.db"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Refused: The file {path} exists already.\n"
    assert path.read_bytes() == before


def test_without_the_key_file_nothing_is_restored(tmp_path):
    shell = a_shell_with_a_backup(tmp_path)
    (tmp_path / "keys" / "secret.key").unlink()
    result = shell.run("restore", str(tmp_path / "b.db"))
    assert result.exit_code == 2
    assert "secret_key_file: cannot be read" in result.stderr
    assert not (tmp_path / "var" / "latchstring.db").exists()
