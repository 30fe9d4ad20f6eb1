"""Who calls the token endpoint: HTTP Basic, a secret in the body, or a public client's bare id."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from starlette.requests import Request

from latchstring.domain.clients.client import Client
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.errors import ClientNotAuthenticated

Clients = Callable[[], Mapping[str, Client]]
"""Every client by id, as the configuration in memory has them now."""

METHODS = ("client_secret_basic", "client_secret_post", "none")
_LONGEST_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller says of itself."""

    client_id: str
    secret: str | None = field(default=None, repr=False)


def authenticate(request: Request, parameters: Parameters, clients: Mapping[str, Client]) -> Client:
    """Return the calling client; raise ``ClientNotAuthenticated``.

    The same answer for an unknown client, a wrong secret and a missing one.
    """
    for credentials in _credentials(request, parameters):
        client = clients.get(credentials.client_id)
        if client is not None and client.accepts_secret(credentials.secret):
            return client
    raise ClientNotAuthenticated


def _credentials(request: Request, parameters: Parameters) -> list[Credentials]:
    client_id, secret = parameters.one("client_id"), parameters.one("client_secret")
    if parameters.one("client_assertion") is not None:
        raise ClientNotAuthenticated(detail="client assertions are not supported")
    basic = _from_header(request.headers.getlist("authorization"))
    if not basic:
        return [Credentials(client_id, secret)] if client_id is not None else []
    if secret is not None:
        # RFC 6749 section 2.3: one method a request; two may name two clients.
        raise ClientNotAuthenticated(detail="both Basic and a secret in the body")
    if client_id is not None and all(client_id != found.client_id for found in basic):
        raise ClientNotAuthenticated(detail="Basic and the body name different clients")
    return basic


def _from_header(headers: list[str]) -> list[Credentials]:
    """Return the ways to read a Basic header, none if there is none.

    RFC 6749 section 2.3.1 has id and secret form-encoded inside it, which half of all clients
    forget; where it makes a difference, the bare reading is tried as well.
    """
    found = [header for header in headers if header[:6].lower() == "basic "]
    if not found:
        return []
    if len(headers) > 1 or len(found[0]) > _LONGEST_HEADER:
        raise ClientNotAuthenticated(detail="several or oversized Authorization headers")
    try:
        text = b64decode(found[0][6:].strip(), validate=True).decode()
        client_id, colon, secret = text.partition(":")
        decoded = Credentials(_unquoted(client_id), _unquoted(secret) or None)
    except ValueError:
        raise ClientNotAuthenticated(detail="unreadable Basic credentials") from None
    if not colon:
        raise ClientNotAuthenticated(detail="Basic credentials without a colon")
    bare = Credentials(client_id, secret or None)
    return [decoded] if decoded == bare else [decoded, bare]


def _unquoted(text: str) -> str:
    return unquote_plus(text, errors="strict")
