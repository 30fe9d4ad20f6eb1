"""Which client calls: the methods of OpenID Connect Core section 9, at every endpoint.

HTTP Basic, a secret in the body, a signed assertion, or a public client's bare id.
"""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

import msgspec
from starlette.requests import Request

from latchstring.domain.clients import assertion as assertions
from latchstring.domain.clients.assertion import Assertion, AssertionRefused
from latchstring.domain.clients.client import Client
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.errors import ClientNotAuthenticated

Clients = Callable[[], Mapping[str, Client]]
"""Every client by id, as the configuration in memory has them now."""

Prove = Callable[[Client | None, Assertion, str], Awaitable[Client]]
"""Returns the client that made an assertion for the endpoint at a path, or refuses it."""

METHODS_OF_ITS_OWN = ("client_secret_basic", "client_secret_post", "private_key_jwt")
"""Those with which a client proves itself; a public one proves nothing."""

METHODS = (*METHODS_OF_ITS_OWN, "none")
_LONGEST_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller says of itself."""

    client_id: str
    secret: str | None = field(default=None, repr=False)


class Authenticate(msgspec.Struct, frozen=True):
    """Finds out which client calls."""

    clients: Clients
    prove: Prove

    async def __call__(self, request: Request, parameters: Parameters) -> Client:
        """Return the calling client; raise ``ClientNotAuthenticated``.

        The same answer for an unknown client, a wrong secret, a bad assertion and a missing one.
        """
        text = _assertion(request, parameters)
        if text is not None:
            return await self._by_assertion(text, parameters.one("client_id"), request.url.path)
        clients = self.clients()
        for credentials in _credentials(request, parameters):
            client = clients.get(credentials.client_id)
            if client is not None and client.accepts_secret(credentials.secret):
                return client
        raise ClientNotAuthenticated

    async def _by_assertion(self, text: str, client_id: str | None, path: str) -> Client:
        try:
            came = assertions.read(text)
            named = came.client_id if client_id is None else client_id
            # Of another client than the body names: the flow sees that they differ.
            return await self.prove(self.clients().get(named), came, path)
        except AssertionRefused as refused:
            raise ClientNotAuthenticated(detail=refused.detail) from None


def _assertion(request: Request, parameters: Parameters) -> str | None:
    """Return the assertion, if one came and nothing else with it (RFC 6749 section 2.3)."""
    text, kind = parameters.one("client_assertion"), parameters.one("client_assertion_type")
    if text is None and kind is None:
        return None
    if text is None or kind != assertions.TYPE:
        raise ClientNotAuthenticated(detail="client_assertion without its type, or the reverse")
    if parameters.one("client_secret") is not None or _basics(request):
        raise ClientNotAuthenticated(detail="an assertion and a secret")
    return text


def _credentials(request: Request, parameters: Parameters) -> list[Credentials]:
    client_id, secret = parameters.one("client_id"), parameters.one("client_secret")
    basic = _from_header(request)
    if not basic:
        return [Credentials(client_id, secret)] if client_id is not None else []
    if secret is not None:
        # RFC 6749 section 2.3: one method a request; two may name two clients.
        raise ClientNotAuthenticated(detail="both Basic and a secret in the body")
    if client_id is not None and all(client_id != found.client_id for found in basic):
        raise ClientNotAuthenticated(detail="Basic and the body name different clients")
    return basic


def _basics(request: Request) -> list[str]:
    headers = request.headers.getlist("authorization")
    return [header for header in headers if header[:6].lower() == "basic "]


def _from_header(request: Request) -> list[Credentials]:
    """Return the ways to read a Basic header, none if there is none.

    RFC 6749 section 2.3.1 has id and secret form-encoded inside it, which half of all clients
    forget; where it makes a difference, the bare reading is tried as well.
    """
    found = _basics(request)
    if not found:
        return []
    if len(request.headers.getlist("authorization")) > 1 or len(found[0]) > _LONGEST_HEADER:
        raise ClientNotAuthenticated(detail="several or oversized Authorization headers")
    try:
        text = b64decode(found[0][6:].strip(), validate=True).decode()
    except ValueError:
        raise ClientNotAuthenticated(detail="unreadable Basic credentials") from None
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise ClientNotAuthenticated(detail="Basic credentials without a colon")
    bare = Credentials(client_id, secret or None)
    try:
        decoded = Credentials(_unquoted(client_id), _unquoted(secret) or None)
    except ValueError:
        return [bare]
    return [decoded] if decoded == bare else [decoded, bare]


def _unquoted(text: str) -> str:
    return unquote_plus(text, errors="strict")
