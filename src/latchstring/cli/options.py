"""What every command has in common: ``--config`` and ``--json``, and the way to the flows."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from latchstring.cli.printing import JSON_KEY

if TYPE_CHECKING:
    from latchstring.base.settings import Settings
    from latchstring.base.settings_loading import Loaded
    from latchstring.cli.app import Desk, Roof

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., Any])

_CONFIG_KEY = "latchstring.config"


def common(command: Command) -> Command:
    """Add ``--config`` and ``--json``; their values stay in the context, not in the arguments."""
    return config_option(json_option(command))


def config_option(command: Command) -> Command:
    """Add ``--config``."""
    add = click.option(
        "--config",
        type=click.Path(),
        expose_value=False,
        callback=_remember(_CONFIG_KEY),
        help="The configuration file; else LATCHSTRING_CONFIG, else ./latchstring.toml.",
    )
    return add(command)


def json_option(command: Command) -> Command:
    """Add ``--json``."""
    add = click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_remember(JSON_KEY),
        help="Print JSON.",
    )
    return add(command)


def workers_option(command: Command) -> Command:
    """Add ``--workers``."""
    add = click.option(
        "--workers",
        type=click.IntRange(1, 64),
        help="Server processes on this machine; else the setting of that name.",
    )
    return add(command)


def with_workers(settings: "Settings", workers: int | None) -> "Settings":
    """Return the settings with as many server processes as the call asks for."""
    from latchstring.base.settings_loading import workers_fault  # noqa: PLC0415 - not for --help

    found = replace(settings, workers=workers) if workers else settings
    if fault := workers_fault(found):
        raise click.UsageError(f"--workers {fault}.")
    return found


def load_configuration() -> "Loaded":
    """Return the configuration that the call names; raise ``SettingsError``."""
    from latchstring.base.settings_loading import load  # noqa: PLC0415 - not for --help

    return load(click.get_current_context().meta.get(_CONFIG_KEY))


def roof() -> "Roof":
    """Return what ``main`` handed in."""
    found: Roof = click.get_current_context().obj
    return found


def at_desk(work: "Callable[[Desk], Awaitable[Result]]") -> Result:
    """Open the configured database, do one thing with its flows, and close it."""
    settings = load_configuration().settings
    opener = roof().open_desk

    async def visit() -> Result:
        async with opener(settings) as desk:
            return await work(desk)

    import asyncio  # noqa: PLC0415 - `version` and `healthcheck` need not wait for it

    return asyncio.run(visit())


def confirm(question: str, *, yes: bool) -> None:
    """Ask, unless ``--yes`` was given; whoever cannot answer is told of it."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("This cannot be undone: give --yes.")
    click.confirm(question, abort=True, err=True)


def secret_from_stdin() -> str:
    """Return the one line that was piped in, or typed without echo."""
    if sys.stdin.isatty():
        return str(click.prompt("Secret", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _remember(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def remember(ctx: click.Context, _: click.Parameter, value: object) -> None:
        if value:
            ctx.meta[key] = value

    return remember
