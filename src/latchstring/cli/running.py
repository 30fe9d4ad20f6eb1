"""``latchstring serve``, ``worker`` and ``migrate``: the program itself."""

import click

from latchstring.cli.options import (
    common,
    load_configuration,
    roof,
    with_workers,
    workers_option,
)
from latchstring.cli.printing import answer


@click.command()
@workers_option
@common
def serve(workers: int | None) -> None:
    """Serve sign-ins and deliver their messages, until stopped."""
    roof().serve(with_workers(load_configuration().settings, workers))


@click.command()
@common
def worker() -> None:
    """Deliver messages without serving, until stopped; beside a server on the same database."""
    roof().worker(load_configuration().settings)


@click.command()
@common
def migrate() -> None:
    """Bring the database's schema up to date. A starting server does the same."""
    applied = list(roof().migrate(load_configuration().settings))
    text = "\n".join(f"Applied {name}." for name in applied) or "The schema is up to date."
    answer({"applied": applied}, text)
