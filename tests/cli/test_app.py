"""The program: its overview, its exit codes, and what it does not import."""

import json
import subprocess
import sys

import pytest
from click import Context

from latchstring.base.errors import Forbidden
from latchstring.cli.app import COMMANDS, main
from tests.support.command_line import a_shell

pytestmark = pytest.mark.at("sqlite")


def test_the_overview_names_every_command(tmp_path):
    result = a_shell(tmp_path).run("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.stdout


def test_an_unknown_command_is_a_wrong_call(tmp_path):
    result = a_shell(tmp_path).run("serv")
    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_a_configuration_that_cannot_be_used_ends_with_2_and_its_faults(tmp_path):
    shell = a_shell(tmp_path, "public_url = 1\nlisten = 2\n")
    result = shell.run("serve")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"{tmp_path}/latchstring.toml:1: public_url: must be text",
        f"{tmp_path}/latchstring.toml:2: listen: must be text",
    ]
    assert shell.asked == []
    report = json.loads(shell.run("serve", "--json").stderr)
    assert report["problems"][0] == {
        "where": f"{tmp_path}/latchstring.toml:1",
        "key": "public_url",
        "message": "must be text",
    }


def test_a_refusal_ends_with_1_and_one_sentence(tmp_path):
    shell = a_shell(tmp_path)
    result = shell.run("users", "show", "nobody@example.com")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Refused: There is no such user.\n"
    result = shell.run("users", "show", "nobody@example.com", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stderr) == {"error": "There is no such user."}


def test_the_private_detail_of_a_refusal_stays_private(tmp_path, monkeypatch):
    def refuse():
        raise Forbidden("Not now.", detail="the vault is at 10.0.0.7")

    monkeypatch.setattr(main.get_command(Context(main), "migrate"), "callback", refuse)
    result = a_shell(tmp_path).run("migrate")
    assert (result.exit_code, result.stderr) == (1, "Refused: Not now.\n")


def test_the_file_named_on_the_command_line_comes_first(tmp_path):
    shell = a_shell(tmp_path)
    other = tmp_path / "other.toml"
    other.write_text('public_url = "https://auth.example"\nlisten = "127.0.0.1:4711"\n')
    shell.run("serve", "--config", str(other))
    shell.run("serve")
    shell.run("worker")
    assert shell.asked == ["serve 127.0.0.1:4711", "serve 127.0.0.1:8321", "worker 127.0.0.1:8321"]


def test_migrate_says_what_it_applied(tmp_path):
    shell = a_shell(tmp_path)
    assert shell.run("migrate").stdout == "Applied 0001 initial.\n"
    assert shell.answer("migrate") == {"applied": ["0001 initial"]}


def test_output_holds_no_colors(tmp_path, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = a_shell(tmp_path).run("connections", "show")
    assert "\x1b" not in result.output


@pytest.mark.parametrize("words", [["version"], ["config", "check"]])
def test_small_commands_start_without_the_big_libraries(tmp_path, words):
    a_shell(tmp_path)
    script = (
        "import sys\n"
        "from latchstring.cli.app import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "big = ['apsw', 'starlette', 'uvicorn', 'jinja2', 'latchstring.cli.dev']\n"
        "print([name for name in big if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
