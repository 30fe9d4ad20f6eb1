"""``latchstring config``: what the configuration says, and whether it can be used."""

import click

from latchstring.base.settings_reading import SettingsError
from latchstring.cli.app import MISUSED
from latchstring.cli.options import common, load_configuration
from latchstring.cli.printing import answer, faults, table


@click.group()
def config() -> None:
    """The configuration: file and environment."""


@config.command()
@click.pass_context
@common
def check(ctx: click.Context) -> None:
    """Find every fault, each with its file and line, and what was probably meant."""
    try:
        path = str(load_configuration().path)
    except SettingsError as error:
        count = len(error.problems)
        text = f"{error}\n{count} fault{'s' if count > 1 else ''} found."
        answer(faults(error), text)
        ctx.exit(MISUSED)
    answer({"file": path, "problems": []}, f"{path} can be used.")


@config.command()
@common
def show() -> None:
    """Print each value and where it comes from: file and line, variable, or default.

    Secrets are masked. Connections and clients are first values: once the database holds them,
    "connections show" and "clients list" print what counts.
    """
    loaded = load_configuration()
    data = [{"key": each.key, "value": each.value, "origin": each.origin} for each in loaded.shown]
    rows = [(each.key, each.value, each.origin) for each in loaded.shown]
    answer({"file": str(loaded.path), "settings": data}, table(rows))
