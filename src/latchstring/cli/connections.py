"""``latchstring connections``: the ways in."""

from typing import TYPE_CHECKING

import click

from latchstring.base.errors import NotFound
from latchstring.base.settings import ConnectionSettings
from latchstring.cli.assignments import assignments
from latchstring.cli.options import at_desk, common, load_configuration
from latchstring.cli.printing import answer, pairs

if TYPE_CHECKING:
    from latchstring.domain.connections.connection import Connection


@click.group()
def connections() -> None:
    """Ways in: what their messages carry, how long codes and links are valid, who may sign up."""


@connections.command()
@click.argument("name", required=False)
@common
def show(name: str | None) -> None:
    """Show all connections, or the one named."""
    found = at_desk(lambda desk: desk.connections.list_all())
    chosen = [connection for connection in found if name in (None, connection.name)]
    if name is not None and not chosen:
        raise NotFound("There is no connection of this name.")
    _answer(chosen)


@connections.command("set")
@click.argument("name", required=False)
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
@click.option("--from-file", is_flag=True, help="Take the settings of the configuration file.")
@common
def set_(name: str | None, settings: tuple[str, ...], *, from_file: bool) -> None:
    """Change settings of a connection; they hold within two seconds, without a restart.

    Example: latchstring connections set email code_lifetime=300 send=code
    """
    if from_file and not settings:
        _answer(_from_file(name))
        return
    if from_file or name is None or not settings:
        raise click.UsageError("Give a connection and setting=value, or --from-file.")
    values = assignments(ConnectionSettings, settings)
    _answer([at_desk(lambda desk: desk.connections.change(name, values))])


def _from_file(name: str | None) -> "list[Connection]":
    described = load_configuration().settings.connections
    chosen = {key: found for key, found in described.items() if name in (None, key)}
    if not chosen:
        raise NotFound("The configuration file describes no such connection.")
    return at_desk(lambda desk: desk.connections.replace_all(chosen))


def _answer(found: "list[Connection]") -> None:
    data = {connection.name: connection.as_stored() for connection in found}
    text = "\n\n".join(f"[{name}]\n{pairs(values)}" for name, values in data.items())
    answer(data, text or "There is no connection.")
