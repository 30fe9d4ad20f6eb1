"""``latchstring apis``: what access tokens are for."""

from typing import TYPE_CHECKING

import click

from latchstring.base.settings import ApiSettings
from latchstring.cli.assignments import assignments
from latchstring.cli.options import at_desk, common, confirm
from latchstring.cli.printing import answer, pairs, table

if TYPE_CHECKING:
    from latchstring.domain.apis.api import Api


@click.group()
def apis() -> None:
    """APIs that applications may have signed access tokens for."""


@apis.command("list")
@common
def list_() -> None:
    """List the APIs."""
    found = at_desk(lambda desk: desk.apis.list_all())
    rows = [(each.identifier, each.name, each.signing_alg, each.scopes) for each in found]
    heads = ("identifier", "name", "signing alg", "scopes")
    text = table(rows, heads) if rows else "There is no API."
    answer([each.as_stored() for each in found], text)


@apis.command()
@click.argument("identifier")
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
@common
def add(identifier: str, settings: tuple[str, ...]) -> None:
    """Register an API. Its identifier is what clients name as audience; it never changes.

    Example: latchstring apis add https://api.acme.example/ name=Letters scopes=read:letters
    """
    values = {"identifier": identifier, **assignments(ApiSettings, settings)}
    _answer(at_desk(lambda desk: desk.apis.add(values)))


@apis.command("set")
@click.argument("identifier")
@click.argument("settings", nargs=-1, required=True, metavar="SETTING=VALUE...")
@common
def set_(identifier: str, settings: tuple[str, ...]) -> None:
    """Change settings of an API; they hold within two seconds, without a restart."""
    values = assignments(ApiSettings, settings)
    _answer(at_desk(lambda desk: desk.apis.change(identifier, values)))


@apis.command()
@click.argument("identifier")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def remove(identifier: str, *, yes: bool) -> None:
    """Remove an API and end its tokens. The configuration file does not bring it back."""
    confirm(f"Remove the API {identifier}, and end its tokens?", yes=yes)
    at_desk(lambda desk: desk.apis.remove(identifier))
    answer({"identifier": identifier, "removed": True}, f"Removed {identifier}.")


def _answer(api: "Api") -> None:
    answer(api.as_stored(), pairs(api.as_stored()))
