"""The page of commands is what the program offers, and each command keeps the common rules."""

import click
import pytest

from latchstring.cli.app import COMMANDS, main
from scripts.reference import FOLDER, cli_page, commands

EVERY = dict(commands(main, "latchstring"))


def test_the_page_of_commands_is_up_to_date():
    written = (FOLDER / "cli.md").read_text(encoding="utf-8")
    assert written == cli_page(), "run scripts/reference.py"


def test_the_overview_names_every_command_that_there_is():
    assert set(COMMANDS) == {path.split()[1] for path in EVERY}


@pytest.mark.parametrize("path", EVERY)
def test_every_command_takes_json_and_says_what_it_does(path):
    command = EVERY[path]
    assert "--json" in {option for parameter in command.params for option in parameter.opts}
    assert command.help


@pytest.mark.parametrize("path", EVERY)
def test_no_command_takes_a_secret_as_an_argument(path):
    for parameter in EVERY[path].params:
        takes_text = not (isinstance(parameter, click.Option) and parameter.is_flag)
        assert not (takes_text and "secret" in str(parameter.name))
