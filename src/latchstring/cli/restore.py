"""``latchstring restore``: a backup becomes the installation."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from latchstring.cli.options import common, load_configuration, roof
from latchstring.cli.printing import answer, pairs, rows_by_table, shown

if TYPE_CHECKING:
    from latchstring.cli.keeping import Restored

NOTICES = (
    "Everybody signs in again; codes, links and messages of then are void.",
    "People who were blocked or deleted since are back, and may sign in: see latchstring users.",
    "People who first signed up since are unknown; each gets another subject when they return.",
    "Applications, their secrets and connections are those of then: change leaked secrets again.",
    "Signing keys are those of then: withdraw again what you withdrew since.",
    "Limits and counts of wrong answers are those of then.",
)
"""What comes back with a backup, or went, that one might not think of."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@common
def restore(file: Path) -> None:
    """Bring the backup FILE into the configured database, which must be empty.

    That is a SQLite file that does not exist, or a PostgreSQL database without our rows. The key
    file must be the one that belongs to the backup. Whatever was live when the backup was taken is
    ended, because some of it was used or revoked since: everybody signs in again.
    """
    settings = load_configuration().settings
    restored = roof().keep().restore(settings, file.absolute())
    count = sum(restored.rows.values())
    data = {
        "file": str(file.absolute()),
        "newest_event": restored.newest,
        "rows": count,
        "tables": restored.rows,
        "ended": restored.ended,
        "notices": NOTICES,
    }
    answer(data, _text(restored, count))


def _text(restored: "Restored", count: int) -> str:
    notices = "\n".join(f"- {notice}" for notice in NOTICES)
    return (
        f"{rows_by_table(restored.rows)}\n\n"
        f"Restored {count} rows and compared each. The last event that this backup knows of: "
        f"{shown(restored.newest)}.\n\n"
        f"Ended:\n{pairs(restored.ended)}\n\n"
        f"The installation is as it was then:\n{notices}"
    )
