"""The next version of the program: this one with one more migration, for older ones to ignore."""

import shutil
from pathlib import Path

import latchstring

NUMBER = 9000
_MIGRATION = """\
-- Programs that do not know this migration may go on.
-- What a next version might add: older programs neither read nor write it.

alter table users add column chaos_note text;
create index users_by_chaos_note on users (chaos_note);
"""


def make_next_version(folder: Path) -> dict[str, str]:
    """Copy the program, add the migration, and return the environment in which it is found."""
    source = Path(latchstring.__file__).parent
    copy = folder / "next" / "latchstring"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    migration = copy / "db" / "migrations" / f"{NUMBER}_chaos_note.sql"
    migration.write_text(_MIGRATION, encoding="utf-8")
    return {"PYTHONPATH": str(copy.parent)}
