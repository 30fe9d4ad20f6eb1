"""``latchstring backup``."""

import json

import pytest

from tests.support.command_line import a_shell
from tests.support.configuration import mode_of
from tests.support.rows import a_filled_database, contents

pytestmark = pytest.mark.at("sqlite")  # the files that the commands name


def a_shell_with_rows(folder):
    shell = a_shell(folder)
    a_filled_database(folder / "var" / "latchstring.db")
    return shell


def test_it_says_how_much_it_copied_and_what_is_not_in_it(tmp_path):
    shell = a_shell_with_rows(tmp_path)
    file = tmp_path / "b.db"
    result = shell.run("backup", str(file))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["TABLE", "ROWS"]
    assert ["users", "25"] in [line.split() for line in lines]
    assert f"into {file} ({file.stat().st_size} bytes), and checked it." in result.stdout
    assert "The secret keys are not in it" in result.stdout
    assert mode_of(file) == 0o600
    assert contents(file) == contents(tmp_path / "var" / "latchstring.db")


def test_for_programs_it_says_the_same(tmp_path):
    shell = a_shell_with_rows(tmp_path)
    told = shell.answer("backup", str(tmp_path / "b.db"))
    assert told["file"] == str(tmp_path / "b.db")
    assert told["tables"]["identifiers"] == 25
    assert told["rows"] == sum(told["tables"].values())


def test_an_older_one_is_replaced_by_force_alone(tmp_path):
    shell = a_shell_with_rows(tmp_path)
    file = tmp_path / "b.db"
    shell.run("backup", str(file))
    before = file.stat()
    result = shell.run("backup", str(file))
    assert result.exit_code == 1
    assert result.stderr == f"Refused: The file {file} exists already.\n"
    assert file.stat() == before
    assert shell.run("backup", str(file), "--force").exit_code == 0
    assert file.stat().st_ino != before.st_ino


def test_without_a_database_none_is_made(tmp_path):
    shell = a_shell(tmp_path)
    result = shell.run("backup", str(tmp_path / "b.db"), "--json")
    assert result.exit_code == 1
    assert "There is no database" in json.loads(result.stderr)["error"]
    assert not (tmp_path / "var").exists()


def test_a_relative_path_begins_where_one_stands(tmp_path, monkeypatch):
    shell = a_shell_with_rows(tmp_path)
    (tmp_path / "copies").mkdir()
    monkeypatch.chdir(tmp_path / "copies")
    assert shell.answer("backup", "b.db")["file"] == str(tmp_path / "copies" / "b.db")
