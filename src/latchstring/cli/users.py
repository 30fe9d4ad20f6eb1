"""``latchstring users`` and ``latchstring codes``: people, and what they were sent."""

from typing import TYPE_CHECKING, Any

import click

from latchstring.cli.options import at_desk, common, confirm
from latchstring.cli.printing import answer, pairs, table

if TYPE_CHECKING:
    from latchstring.flows.manage_users import Profile


@click.group()
def users() -> None:
    """Users. They are named by subject, email address or phone number (+491701234567)."""


@users.command("list")
@click.option("--before", metavar="SUBJECT", help="The last subject of the page before.")
@click.option("--count", type=click.IntRange(1, 1000), default=50, show_default=True)
@common
def list_(before: str | None, count: int) -> None:
    """List the users, newest first."""
    found = at_desk(lambda desk: desk.users.list_page(before=before, count=count))
    heads = ("subject", "identifiers", "created", "last sign-in", "blocked")
    rows = [_row(profile) for profile in found]
    answer(
        [_described(each) for each in found], table(rows, heads) if rows else "There is no user."
    )


@users.command()
@click.argument("user")
@common
def show(user: str) -> None:
    """Show a user."""
    _answer(at_desk(lambda desk: desk.users.show(user)))


@users.command()
@click.argument("identifier")
@click.option("--subject", help="The one that applications know from another server (email|…).")
@common
def add(identifier: str, subject: str | None) -> None:
    """Make a user of an email address or phone number, before they first sign in.

    Needed where sign_up is false, and to bring users with their subjects from another server.
    """
    _answer(at_desk(lambda desk: desk.users.add(identifier, subject=subject)))


@users.command()
@click.argument("user")
@common
def block(user: str) -> None:
    """Shut a user out; sessions, tokens, codes and links end at once."""
    _answer(at_desk(lambda desk: desk.users.block(user)))


@users.command()
@click.argument("user")
@common
def unblock(user: str) -> None:
    """Let a user sign in again."""
    _answer(at_desk(lambda desk: desk.users.unblock(user)))


@users.command()
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def delete(user: str, *, yes: bool) -> None:
    """Remove a user for good. Signing in again makes another one."""
    confirm(f"Delete the user {user}?", yes=yes)
    gone = at_desk(lambda desk: desk.users.delete(user))
    answer({"id": gone.user.id, "deleted": True}, f"Deleted {gone.user.id}.")


@users.command("sign-out")
@click.argument("user")
@common
def sign_out(user: str) -> None:
    """Sign a user out everywhere: sessions and tokens end, applications are told."""
    profile, ended = at_desk(lambda desk: desk.users.sign_out(user))
    answer(
        {"id": profile.user.id, "sessions": ended},
        f"Signed out {profile.user.id}: {ended} session{'' if ended == 1 else 's'}.",
    )


@click.group()
def codes() -> None:
    """Codes and links that were sent."""


@codes.command()
@click.argument("identifier")
@common
def void(identifier: str) -> None:
    """End the live codes and links of an email address or phone number."""
    count = at_desk(lambda desk: desk.users.void_codes(identifier))
    answer({"voided": count}, f"Voided: {count}.")


def _described(profile: "Profile") -> dict[str, Any]:
    user = profile.user
    return {
        "id": user.id,
        "identifiers": [
            {
                "connection": each.connection,
                "identifier": each.identifier,
                "verified_at": each.verified_at,
            }
            for each in profile.identifiers
        ],
        "created_at": user.created_at,
        "last_sign_in_at": user.last_sign_in_at,
        "sign_ins": user.sign_ins,
        "blocked_at": user.blocked_at,
    }


def _row(profile: "Profile") -> tuple[object, ...]:
    user = profile.user
    identifiers = [each.identifier for each in profile.identifiers]
    return user.id, identifiers, user.created_at, user.last_sign_in_at, user.blocked_at


def _answer(profile: "Profile") -> None:
    data = _described(profile)
    answer(data, pairs(data | {"identifiers": [each.identifier for each in profile.identifiers]}))
