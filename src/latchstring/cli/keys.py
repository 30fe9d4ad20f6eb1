"""``latchstring keys``: what tokens are signed with, and the secret keys outside the database."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from latchstring.base import key_file
from latchstring.base.errors import Forbidden
from latchstring.base.settings import Settings, SigningAlgorithm
from latchstring.cli.options import at_desk, common, confirm, load_configuration
from latchstring.cli.printing import answer, table

if TYPE_CHECKING:
    from latchstring.domain.keys.key import SigningKey


@click.group()
def keys() -> None:
    """Signing keys, whose public halves applications fetch; and the key file's secret keys."""


@keys.command("list")
@common
def list_() -> None:
    """List the published signing keys: those that sign, come next, and signed before."""
    _answer(at_desk(lambda desk: desk.signing_keys.list_all()))


@keys.command("rotate-signing")
@click.option(
    "--algorithm",
    type=click.Choice([each.value for each in SigningAlgorithm]),
    help="Only the key of this algorithm; else one for each.",
)
@click.option("--now", is_flag=True, help="Even if applications may not know the next key yet.")
@common
def rotate_signing(algorithm: str | None, *, now: bool) -> None:
    """Let the next key sign, and publish the one after it; holds within two seconds.

    The key before it stays published while tokens that it signed are alive. Refused while the next
    key is published for less than ten minutes: until then applications may go on with the keys they
    fetched before, and would refuse what it signs.
    """
    chosen = [SigningAlgorithm(algorithm)] if algorithm else list(SigningAlgorithm)
    _answer(at_desk(lambda desk: desk.signing_keys(chosen, at_once=now)))


@keys.command("withdraw-signing")
@click.option("--key", "key_id", required=True, help="Its id, as `keys list` shows it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def withdraw_signing(key_id: str, *, yes: bool) -> None:
    """Publish a key no more that signed before: nothing it signed is good any longer.

    For a key that somebody may have stolen. Rotate first; applications drop it with the next
    fetch, five minutes later at most.
    """
    confirm(f"Withdraw the key {key_id}? What it signed is good no more.", yes=yes)
    at_desk(lambda desk: desk.signing_keys.withdraw(key_id))
    answer({"key_id": key_id, "withdrawn": True}, f"Withdrew {key_id}.")


@keys.command()
@click.option("--standby", is_flag=True, help="Have it stand by, until `keys use`.")
@common
def new(*, standby: bool) -> None:
    """Add a new key to the key file; running servers read the file when they are started again.

    With SQLite it comes first, and new codes and links are made under it. With PostgreSQL, or
    --standby, it comes second and is not used yet: bring the file to every node, start each of
    them again, and only then say `keys use`. A node that lacks a key refuses what was made under
    it. Older keys stay: what was made under them stays valid. Where there is neither key file nor
    database yet, the file is made.
    """
    settings = load_configuration().settings
    path = settings.secret_key_file
    if not path.exists():
        version = _first(settings)
        answer({"file": str(path), "version": version, "standby": False}, f"Made {path}.")
        return
    waits = standby or not settings.is_sqlite
    version = key_file.add_version(path, standing_by=waits)
    text = (
        f"Key version {version} stands by in {path}. Once every node was started with it: "
        f"latchstring keys use {version}"
        if waits
        else f"Key version {version} is the one in use in {path}."
    )
    answer({"file": str(path), "version": version, "standby": waits}, text)


@keys.command()
@click.argument("version", type=click.IntRange(1, 255))
@common
def use(version: int) -> None:
    """Make a key that stands by the one in use; on each node, which is then started again.

    Only once every node has it: one that lacks it refuses the codes and links made under it.
    """
    path = load_configuration().settings.secret_key_file
    key_file.use_version(path, version)
    answer(
        {"file": str(path), "version": version},
        f"Key version {version} is the one in use in {path}.",
    )


def _first(settings: Settings) -> int:
    if settings.is_sqlite and settings.database_path.exists():
        raise Forbidden(
            "The database exists, so its key file does too: put that one back. "
            "Under a new one, nothing in the database could be opened."
        )
    return key_file.create(settings.secret_key_file).current


def _answer(found: "Sequence[SigningKey]") -> None:
    rows = [(each.algorithm, each.state, each.changed_at, each.id) for each in found]
    text = table(rows, ("algorithm", "state", "since", "key id"))
    answer([_described(each) for each in found], text if rows else "There is no key yet.")


def _described(key: "SigningKey") -> dict[str, Any]:
    return {
        "key_id": key.id,
        "algorithm": key.algorithm.value,
        "state": key.state.value,
        "since": key.changed_at,
        "created_at": key.created_at,
    }
