"""The command line with an open database behind it, and no server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from latchstring.base.settings import Settings
from latchstring.cli.app import Desk, Roof, main
from latchstring.main.keeping import keeping
from tests.support.administration import an_office
from tests.support.configuration import EXAMPLE, write


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands in a folder with a configuration file; remembers what the roof was asked."""

    folder: Path
    asked: list[str] = field(default_factory=list)

    def run(self, *words: str, typed: str | None = None) -> Result:
        """Run a command as a program, its text and its exit code."""
        path = str(self.folder / "latchstring.toml")
        roof = Roof(
            serve=lambda settings: self.asked.append(f"serve {settings.listen}"),
            worker=lambda settings: self.asked.append(f"worker {settings.listen}"),
            migrate=lambda _: ["0001 initial"],
            dev=lambda _: self.asked.append("dev"),
            open_desk=_open_desk,
            keep=keeping,
        )
        result = CliRunner(env={"LATCHSTRING_CONFIG": path}).invoke(
            main, words, input=typed, obj=roof
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def answer(self, *words: str, typed: str | None = None) -> Any:
        """Run a command that must succeed, and return its JSON."""
        result = self.run(*words, "--json", typed=typed)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)


def a_shell(folder: Path, text: str = EXAMPLE) -> Shell:
    """Return a shell in a folder that has this configuration."""
    write(folder, text)
    return Shell(folder)


@asynccontextmanager
async def _open_desk(settings: Settings) -> AsyncIterator[Desk]:
    async with an_office(settings.database_path) as office:
        await office.first_values(settings)
        yield office.desk
