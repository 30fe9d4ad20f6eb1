"""``latchstring keys``: the secret keys outside the database."""

import click

from latchstring.base import key_file
from latchstring.base.errors import Forbidden
from latchstring.base.settings import Settings
from latchstring.cli.options import common, load_configuration
from latchstring.cli.printing import answer


@click.group()
def keys() -> None:
    """Secret keys, from which codes and links are derived and under which secrets are sealed."""


@keys.command()
@common
def new() -> None:
    """Put a new key before the others of the key file; running servers use it after a restart.

    Older keys stay: what was made under them stays valid. Where there is neither key file nor
    database yet, the file is made.
    """
    settings = load_configuration().settings
    version = _new_version(settings)
    path = str(settings.secret_key_file)
    answer({"file": path, "version": version}, f"Key version {version} is the newest in {path}.")


def _new_version(settings: Settings) -> int:
    if settings.secret_key_file.exists():
        return key_file.add_version(settings.secret_key_file)
    if settings.is_sqlite and settings.database_path.exists():
        raise Forbidden(
            "The database exists, so its key file does too: put that one back. "
            "Under a new one, nothing in the database could be opened."
        )
    return key_file.create(settings.secret_key_file).current
