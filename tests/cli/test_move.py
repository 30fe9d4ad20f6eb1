"""``latchstring move``."""

import pytest

from tests.support.command_line import a_shell
from tests.support.rows import a_filled_database, contents

pytestmark = pytest.mark.at("sqlite")  # the files that the commands name

ELSEWHERE = "postgresql://latchstring:a-password@db.example/latchstring?sslmode=verify-full"


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell where x.db has rows."""
    a_filled_database(tmp_path / "x.db")
    monkeypatch.chdir(tmp_path)
    return a_shell(tmp_path)


def test_it_says_how_much_it_copied_and_what_to_do_next(shell, tmp_path):
    result = shell.run("move", "sqlite:///x.db", "sqlite:///y/z.db")
    assert result.exit_code == 0
    assert ["users", "25"] in [line.split() for line in result.stdout.splitlines()]
    target = f"sqlite:///{tmp_path / 'y' / 'z.db'}"
    assert f'Next: set database_url = "{target}" and start the server.' in result.stdout
    assert f"Start none on sqlite:///{tmp_path / 'x.db'} any more" in result.stdout
    assert contents(tmp_path / "y" / "z.db") == contents(tmp_path / "x.db")


def test_for_programs_it_says_the_same(shell, tmp_path):
    told = shell.answer("move", "sqlite:///x.db", "sqlite:///z.db")
    assert told["source"] == f"sqlite:///{tmp_path / 'x.db'}"
    assert told["tables"]["limits"] == 25
    assert told["rows"] == sum(told["tables"].values())


def test_it_needs_no_configuration(shell, tmp_path):
    (tmp_path / "latchstring.toml").unlink()
    assert shell.run("move", "sqlite:///x.db", "sqlite:///z.db").exit_code == 0


def test_a_password_is_not_taken_as_an_argument(shell):
    result = shell.run("move", "sqlite:///x.db", ELSEWHERE)
    assert result.exit_code == 2
    assert "TARGET_URL has a password, which every process" in result.stderr
    assert "a-password" not in result.output


def test_a_url_with_a_password_comes_from_standard_input_and_is_not_shown(shell, monkeypatch):
    asked = []

    def move(source, target):
        asked.append(target)
        return {"users": 1}

    monkeypatch.setattr("latchstring.main.keeping.move", move)
    result = shell.run("move", "sqlite:///x.db", "-", typed=f"{ELSEWHERE}\n")
    assert asked == [ELSEWHERE]
    assert "a-password" not in result.output
    shown = "postgresql://latchstring:…@db.example/latchstring?sslmode=verify-full"
    assert f'database_url = "{shown}"' in result.stdout


def test_both_may_come_from_standard_input_the_source_first(shell, tmp_path):
    told = shell.answer("move", "-", "-", typed="sqlite:///x.db\nsqlite:///z.db\n")
    assert told["source"] == f"sqlite:///{tmp_path / 'x.db'}"
    assert told["target"] == f"sqlite:///{tmp_path / 'z.db'}"


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("mysql://x", "sqlite:///z.db", "SOURCE_URL must be"),
        ("sqlite:///x.db", "postgresql://h/a/b", "TARGET_URL must name one database"),
        ("sqlite:///x.db", "sqlite:///x.db", "SOURCE_URL and TARGET_URL are the same"),
    ],
)
def test_a_url_that_is_none_is_a_wrong_call(shell, source, target, told):
    result = shell.run("move", source, target)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_target_that_is_there_is_not_touched(shell, tmp_path):
    (tmp_path / "z.db").write_text("Dear Alice")
    result = shell.run("move", "sqlite:///x.db", "sqlite:///z.db")
    assert result.exit_code == 1
    assert result.stderr == f"Refused: The file {tmp_path / 'z.db'} exists already.\n"
    assert (tmp_path / "z.db").read_text() == "Dear Alice"


def test_a_source_that_is_not_there_is_told(shell, tmp_path):
    result = shell.run("move", "sqlite:///no/x.db", "sqlite:///z.db")
    assert result.exit_code == 1
    assert result.stderr == f"Refused: There is no database {tmp_path / 'no' / 'x.db'}.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latchstring.toml", "x.db"]
