"""``latchstring backup``: the database as it is now, in one file."""

from pathlib import Path

import click

from latchstring.cli.options import common, load_configuration, roof
from latchstring.cli.printing import answer, rows_by_table

_ABOUT_KEYS = (
    "The secret keys are not in it: keep a copy of the key file elsewhere. "
    "Either is useless without the other."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace an older backup of that name.")
@common
def backup(file: Path, *, force: bool) -> None:
    """Copy the database into FILE while the server runs, and check the copy.

    The file is a SQLite database, whatever kind the original is of; only its owner may read it. The
    key file is not in it.
    """
    settings = load_configuration().settings
    file = file.absolute()
    rows = roof().keep().backup(settings, file, force)
    count, size = sum(rows.values()), file.stat().st_size
    answer(
        {"file": str(file), "bytes": size, "rows": count, "tables": rows},
        f"{rows_by_table(rows)}\n\n"
        f"Backed up {count} rows into {file} ({size} bytes), and checked it.\n{_ABOUT_KEYS}",
    )
