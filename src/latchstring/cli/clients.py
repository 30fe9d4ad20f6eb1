"""``latchstring clients``: the applications."""

from typing import TYPE_CHECKING, Any

import click

from latchstring.base.settings import ClientSettings
from latchstring.cli.assignments import assignments, length_of_time
from latchstring.cli.options import at_desk, common, confirm, secret_from_stdin
from latchstring.cli.printing import answer, pairs, table

if TYPE_CHECKING:
    from latchstring.domain.clients.client import Client
    from latchstring.domain.registrations.registration import RegistrationToken
    from latchstring.flows.manage_clients import Registered

_SECRET_STDIN = click.option(
    "--secret-stdin", is_flag=True, help="Read the secret from standard input, not make one."
)


@click.group()
def clients() -> None:
    """Applications that may ask people to sign in."""


@clients.command("list")
@common
def list_() -> None:
    """List the clients."""
    found = at_desk(lambda desk: desk.clients.list_all())
    rows = [
        (each.client_id, each.name, each.type, each.connections, each.callbacks) for each in found
    ]
    heads = ("client id", "name", "type", "connections", "callbacks")
    answer(
        [_described(each) for each in found], table(rows, heads) if rows else "There is no client."
    )


@clients.command()
@click.argument("client_id")
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
@click.option("--public", is_flag=True, help="No secret: for browsers and installed apps.")
@_SECRET_STDIN
@common
def add(client_id: str, settings: tuple[str, ...], *, public: bool, secret_stdin: bool) -> None:
    """Register a client. Its secret is printed once.

    Example: latchstring clients add acme-web name=Acme callbacks=https://acme.example/callback
    """
    if public and secret_stdin:
        raise click.UsageError("A public client has no secret.")
    values = {"client_id": client_id, **assignments(ClientSettings, settings)}
    secret = secret_from_stdin() if secret_stdin else None
    _answer_once(
        at_desk(lambda desk: desk.clients.add(values, public=public, secret=secret)), secret
    )


@clients.command("set")
@click.argument("client_id")
@click.argument("settings", nargs=-1, required=True, metavar="SETTING=VALUE...")
@common
def set_(client_id: str, settings: tuple[str, ...]) -> None:
    """Change settings of a client; they hold within two seconds, without a restart."""
    values = assignments(ClientSettings, settings)
    _answer(at_desk(lambda desk: desk.clients.change(client_id, values)))


@clients.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def remove(client_id: str, *, yes: bool) -> None:
    """Remove a client. The configuration file does not bring it back."""
    confirm(f"Remove the client {client_id}?", yes=yes)
    at_desk(lambda desk: desk.clients.remove(client_id))
    answer({"client_id": client_id, "removed": True}, f"Removed {client_id}.")


@clients.command("rotate-secret")
@click.argument("client_id")
@_SECRET_STDIN
@common
def rotate_secret(client_id: str, *, secret_stdin: bool) -> None:
    """Give a client a new secret, printed once. The old one ends at once."""
    secret = secret_from_stdin() if secret_stdin else None
    _answer_once(at_desk(lambda desk: desk.clients.rotate_secret(client_id, secret=secret)), secret)


@clients.command("registration-token")
@click.option("--uses", type=int, default=1, show_default=True, help="For how many registrations.")
@click.option("--expires", default="24h", show_default=True, help="After how long, as in 30m, 7d.")
@common
def registration_token(uses: int, expires: str) -> None:
    """Make a token with which applications register themselves. It is printed once.

    Works where the setting dynamic_registration is on.
    """
    life = length_of_time(expires)
    issued = at_desk(lambda desk: desk.registration_tokens.issue(uses=uses, life=life))
    data = {**_token(issued.kept), "token": issued.token}
    answer(data, f"{pairs(data)}\n\nThe token is shown this once and is stored nowhere.")


@clients.command("registration-tokens")
@common
def registration_tokens() -> None:
    """List the tokens with which applications may still register themselves."""
    found = [_token(each) for each in at_desk(lambda desk: desk.registration_tokens.list_all())]
    rows = [tuple(each.values()) for each in found]
    heads = ("id", "uses left", "expires at")
    answer(found, table(rows, heads) if rows else "There is no registration token.")


@clients.command("end-registration-token")
@click.argument("token_id", metavar="ID")
@common
def end_registration_token(token_id: str) -> None:
    """Take a token back. Applications that registered with it stay."""
    at_desk(lambda desk: desk.registration_tokens.end(token_id))
    answer({"id": token_id, "ended": True}, f"Ended {token_id}.")


def _token(token: "RegistrationToken") -> dict[str, Any]:
    return {"id": token.id, "uses_left": token.uses_left, "expires_at": token.expires_at}


def _described(client: "Client") -> dict[str, Any]:
    return {**client.as_stored(), "type": client.type.value, "dynamic": client.dynamic}


def _answer(client: "Client") -> None:
    answer(_described(client), pairs(_described(client)))


def _answer_once(registered: "Registered", known: str | None) -> None:
    """Print the client, and its secret unless the caller brought it."""
    data = _described(registered.client)
    if registered.secret is None or known:
        answer(data, pairs(data))
        return
    data["client_secret"] = registered.secret
    answer(data, f"{pairs(data)}\n\nThe secret is shown this once and is stored nowhere.")
