"""The program ``latchstring``: its commands, and what they borrow from the roof."""

import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import click
import msgspec

from latchstring.base.errors import AppError
from latchstring.base.settings_reading import SettingsError
from latchstring.cli.printing import print_refusal, print_settings_error

if TYPE_CHECKING:
    # Imported when a command needs them: `version` and `healthcheck` must not wait for SQL.
    from latchstring.base.settings import Settings
    from latchstring.cli.dev_run import DevRun
    from latchstring.cli.keeping import Keeping
    from latchstring.flows.manage_apis import ManageApis
    from latchstring.flows.manage_clients import ManageClients
    from latchstring.flows.manage_connections import ManageConnections
    from latchstring.flows.manage_registration_tokens import ManageRegistrationTokens
    from latchstring.flows.manage_users import ManageUsers
    from latchstring.flows.rotate_signing_key import RotateSigningKey

REFUSED = 1
MISUSED = 2


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """The flows of an open database that administrators use."""

    connections: "ManageConnections"
    clients: "ManageClients"
    apis: "ManageApis"
    registration_tokens: "ManageRegistrationTokens"
    users: "ManageUsers"
    signing_keys: "RotateSigningKey"


class Roof(msgspec.Struct, frozen=True, kw_only=True):
    """What only the roof can make, because the command line knows no database and no server."""

    serve: "Callable[[Settings], None]"
    """Serve until told to stop."""

    worker: "Callable[[Settings], None]"
    """Deliver messages, without serving, until told to stop."""

    migrate: "Callable[[Settings], Sequence[str]]"
    """Bring the schema up to date and return the names of what was applied."""

    dev: "Callable[[DevRun], None]"
    """Serve a development server with its inbox, on the socket it brings, until told to stop."""

    open_desk: "Callable[[Settings], AbstractAsyncContextManager[Desk]]"
    """Open the database as ``serve`` does: schema, key check, first values."""

    keep: "Callable[[], Keeping]"
    """Be ready to back up, restore and move."""


class Entry(msgspec.Struct, frozen=True):
    """Where a command is, and its line in the overview."""

    module: str
    name: str
    summary: str


COMMANDS = {
    "dev": Entry("dev", "dev", "Try it: server, developer inbox and demo application."),
    "serve": Entry("running", "serve", "Serve, and deliver messages."),
    "worker": Entry("running", "worker", "Deliver messages in a process of their own."),
    "migrate": Entry("running", "migrate", "Bring the database's schema up to date."),
    "backup": Entry("backup", "backup", "Copy the database into a file, while the server runs."),
    "restore": Entry("restore", "restore", "Bring a backup into an empty database."),
    "move": Entry("move", "move", "Copy the installation from SQLite to PostgreSQL, or back."),
    "connections": Entry("connections", "connections", "Ways in: show and change them."),
    "clients": Entry("clients", "clients", "Applications: register, change, remove."),
    "apis": Entry("apis", "apis", "APIs: register, change, remove."),
    "users": Entry("users", "users", "Users: show, block, delete."),
    "codes": Entry("users", "codes", "Codes and links that were sent."),
    "keys": Entry("keys", "keys", "Signing keys, and the secret keys of the key file."),
    "config": Entry("configuration", "config", "Check and show the configuration."),
    "healthcheck": Entry("health", "healthcheck", "Ask the running server whether it is ready."),
    "version": Entry("health", "version", "Print the version."),
}


class Program(click.Group):
    """Imports a command only when it is called, and turns refusals into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the overview."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(f"latchstring.cli.{entry.module}"), entry.name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the overview without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run the command; a refusal is printed, and is never a stack trace."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            print_settings_error(error)
            ctx.exit(MISUSED)
        except AppError as error:
            print_refusal(str(error))
            ctx.exit(REFUSED)


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def main() -> None:
    """Sign-in without passwords, self-hosted.

    Exit codes: 0 done, 1 refused, 2 wrong call or wrong configuration.
    """
