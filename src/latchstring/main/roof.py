"""The program's factories, handed to the command line.

What a factory needs is imported when it is called: ``latchstring version`` must not wait for a web
server, nor ``serve`` for anything of ``dev``.
"""

# ruff: noqa: PLC0415 - imports inside functions are what this module is for

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from latchstring.cli.app import Desk, Roof, main

if TYPE_CHECKING:
    from latchstring.base.settings import Settings
    from latchstring.cli.dev_run import DevRun
    from latchstring.cli.keeping import Keeping


def run() -> None:
    """Run the command line."""
    main(
        obj=Roof(
            serve=serve, worker=work, dev=develop, migrate=migrated, open_desk=open_desk, keep=keep
        )
    )


def serve(settings: "Settings") -> None:
    """Serve until told to stop."""
    if settings.workers > 1:
        import asyncio

        from latchstring.main import supervision

        _configure_logs(settings)
        asyncio.run(supervision.supervise(settings))
        return
    from latchstring.main import garbage

    garbage.put_off()
    from latchstring.main import serving

    _run(settings, serving.serve(settings))


def work(settings: "Settings") -> None:
    """Deliver messages until told to stop."""
    from latchstring.main import serving

    _run(settings, serving.work(settings))


def develop(development: "DevRun") -> None:
    """Serve with the developer inbox until told to stop."""
    from latchstring.main.develop import develop as serve_developers

    _run(development.settings, serve_developers(development))


def migrated(settings: "Settings") -> Sequence[str]:
    """Bring the schema up to date and return the names of what was applied."""
    import asyncio

    from latchstring.db import opening

    return [f"{it.number:04} {it.name}" for it in asyncio.run(opening.migrate_database(settings))]


def keep() -> "Keeping":
    """Be ready to back up, restore and move."""
    from latchstring.main.keeping import keeping

    return keeping()


@asynccontextmanager
async def open_desk(settings: "Settings") -> AsyncIterator[Desk]:
    """Open the installation for one administrative command."""
    from latchstring.base import logging
    from latchstring.db.opening import ADMINISTRATORS
    from latchstring.flows.manage_apis import ManageApis
    from latchstring.flows.manage_clients import ManageClients
    from latchstring.flows.manage_connections import ManageConnections
    from latchstring.flows.manage_registration_tokens import ManageRegistrationTokens
    from latchstring.flows.manage_users import ManageUsers
    from latchstring.flows.rotate_signing_key import RotateSigningKey
    from latchstring.main import installation

    logging.configure("console", "error")
    async with installation.opened(settings, patience=ADMINISTRATORS) as found:
        database, clock, refresh = found.database, found.clock, found.configuration.refresh
        yield Desk(
            connections=ManageConnections(database, clock, refresh),
            clients=ManageClients(database, clock, refresh),
            users=ManageUsers(database, clock),
            apis=ManageApis(database, clock, refresh),
            registration_tokens=ManageRegistrationTokens(database, clock),
            signing_keys=RotateSigningKey(database, found.keyring, clock, refresh),
        )


def _run(settings: "Settings", program: Coroutine[Any, Any, None]) -> None:
    import asyncio

    import uvloop

    _configure_logs(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(program)


def _configure_logs(settings: "Settings") -> None:
    from latchstring.base import logging

    logging.configure(settings.log_format, settings.log_level)
