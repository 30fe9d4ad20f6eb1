"""Write docs/reference/settings.md and cli.md from what the program itself knows.

``--check`` writes nothing and fails when a page is out of date.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from latchstring.base.settings import (
    OTHER_VARIABLES,
    ApiSettings,
    ClientSettings,
    ConnectionSettings,
    Settings,
)
from latchstring.base.settings_declarations import Declaration, declarations
from latchstring.base.settings_loading import SECTIONS
from latchstring.base.settings_reading import variable_of
from latchstring.base.settings_values import plain
from latchstring.cli.app import main

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"

_SETTINGS_HEAD = """\
# Settings

<!-- Written by scripts/reference.py from the descriptions in the code. -->

Every command reads one TOML file: the one `--config` names, else `LATCHSTRING_CONFIG`, else
`./latchstring.toml`. A variable of the environment replaces the file's value; lists are separated
by commas there. A secret may stand in a file of its own: `<variable>_FILE` in the environment or
`<name>_file` in the configuration names it. Relative paths begin at the configuration file's
folder.

An unknown key or variable refuses to start. `latchstring config check` lists every fault with file
and line, `latchstring config show` prints each value with its origin.
"""

_FIRST_VALUES = """\
First values: they are written to the database where it has none. From then on the database is the
truth, and `latchstring {command}` changes it while the server runs.
"""

_CLI_HEAD = """\
# Command line

<!-- Written by scripts/reference.py from the commands themselves. -->

Every command takes `--help`, and `--json` for programs; those that read the configuration take
`--config`. Answers go to standard output, refusals to standard error. There are no colors.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused: what was asked for cannot be done |
| 2 | the call or the configuration is wrong |
"""


def settings_page() -> str:
    """Return the page of all settings."""
    parts = [_SETTINGS_HEAD, _section("Top of the file", Settings, ())]
    parts += [_section(f"`[{name}]`", kind, (name,)) for name, kind in SECTIONS.items()]
    for name in ("email", "sms"):
        key = ("connections", name)
        table = _section(f"`[connections.{name}]`", ConnectionSettings, key)
        parts.append(_noted(table, "connections set"))
    parts.append(_noted(_section("`[[clients]]`", ClientSettings, ("clients", 0)), "clients set"))
    parts.append(_noted(_section("`[[apis]]`", ApiSettings, ("apis", 0)), "apis set"))
    rows = [f"| `{name}` | {text} |" for name, text in OTHER_VARIABLES.items()]
    parts.append("\n".join(["## Other variables", "", "| variable | |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def _noted(section: str, command: str) -> str:
    title, _, table = section.partition("\n\n")
    return f"{title}\n\n{_FIRST_VALUES.format(command=command)}\n{table}"


def _section(title: str, kind: type, key: tuple[str | int, ...]) -> str:
    connection = str(key[1]) if key[:1] == ("connections",) else ""
    declared: Mapping[str, Declaration] = declarations(kind, connection)
    rows = [
        f"| `{item.name}` | {_about(item)} | {item.reader.says} | {_default(item)} |"
        for item in declared.values()
        if item.only in ("", connection)
    ]
    head = [f"## {title}", "", "| name | what it is | values | default |", "|---|---|---|---|"]
    example = variable_of((*key, next(iter(declared))))
    note = ["", f"In the environment: `{example}` and so on."] if example else []
    return "\n".join([*head, *rows, *note, ""])


def _about(item: Declaration) -> str:
    return f"{item.description} *Secret.*" if item.secret else item.description


def _default(item: Declaration) -> str:
    if item.is_required:
        return "required"
    value = plain(item.default)
    return "none" if value in (None, "") else f"`{json.dumps(value)}`"


def cli_page() -> str:
    """Return the page of all commands."""
    sections = [_command(path, command) for path, command in commands(main, "latchstring")]
    return "\n".join([_CLI_HEAD, *sections])


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        elif command is not None:
            yield f"{path} {name}", command


def _command(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    options = [
        f"| `{', '.join(option.opts)}` | {option.help or ''} |"
        for option in command.params
        if isinstance(option, click.Option) and option.name not in ("config", "json")
    ]
    table = ["", "| option | |", "|---|---|", *options] if options else []
    text = "\n\n".join(
        " ".join(line.strip() for line in paragraph.splitlines()).strip()
        for paragraph in (command.help or "").split("\n\n")
    )
    return "\n".join([f"## {path}", "", f"`{path} {usage}`", "", text, *table, ""])


def _pages() -> dict[Path, str]:
    return {FOLDER / "settings.md": settings_page(), FOLDER / "cli.md": cli_page()}


def run() -> None:
    """Write the pages, or compare them."""
    check = "--check" in sys.argv[1:]
    for path, text in _pages().items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path} is out of date: run scripts/reference.py")


if __name__ == "__main__":
    run()
