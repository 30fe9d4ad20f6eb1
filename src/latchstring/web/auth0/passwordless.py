"""``POST /passwordless/start``: ask for a code or a link on behalf of an application.

The answer is the same for known and unknown identifiers, and never holds a code or a link.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.base.secrets import Keyring
from latchstring.base.settings import Send
from latchstring.domain.clients.client import Client
from latchstring.domain.connections.connection import Connection
from latchstring.domain.identities.identifier import EMAIL, SMS, Identifier
from latchstring.flows.find_standing import FindStanding
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.flows.start_passwordless import StartPasswordless
from latchstring.flows.start_request import StartRequest
from latchstring.web.auth0 import return_to, start_body
from latchstring.web.auth0.caller import Callers
from latchstring.web.auth0.on_behalf import asker
from latchstring.web.http.answers import private_json
from latchstring.web.http.parameters import read_json

_ID_LENGTH = 24
_LONGEST_KEY = 255


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Starts a challenge for an application."""

    start: StartPasswordless
    configuration: RefreshConfiguration
    callers: Callers
    find_standing: FindStanding
    grant_scope: return_to.Grant
    keyring: Keyring
    allow_examples: bool
    tell_sign_up_disabled: bool

    async def __call__(self, request: Request) -> Response:
        """Answer 200 with Auth0's shape once the message is durable in the outbox."""
        body = start_body.read(await read_json(request))
        client = await self.callers(request, body.caller)
        connection = self._connection(client, body.connection)
        identifier = body.identifier(allow_examples=self.allow_examples)
        await self._refuse_stranger(connection, identifier)
        asks = asker(client, request.state.origin)
        send = body.send or (Send.CODE if connection.name == SMS else Send.LINK)
        wanted = None
        if send is not Send.CODE:
            wanted = return_to.wanted(client, body.auth_params, self.grant_scope)
        await self.start(
            StartRequest(
                client=client,
                connection=connection,
                identifier=identifier,
                origin=asks.origin,
                send=send,
                return_to=msgspec.to_builtins(wanted) if wanted else None,
                trusted=asks.trusted,
                idempotency_key=_idempotency_key(request),
            )
        )
        reply = self._reply(identifier, request.state.origin.language)
        return private_json(reply)

    async def _refuse_stranger(self, connection: Connection, identifier: Identifier) -> None:
        """Tell a stranger that there is no sign-up, where an operator lets that be told."""
        if connection.sign_up or not self.tell_sign_up_disabled:
            return
        if await self.find_standing(identifier) is None:
            message = "Public signup is disabled"
            raise InvalidRequest(message, field="connection")

    def _connection(self, client: Client, name: str) -> Connection:
        connection = self.configuration.current.connections.get(name)
        if connection is None:
            message = "Connection does not exist"
            raise InvalidRequest(message, field="connection")
        if not client.offers(name):
            message = "Connection is disabled"
            raise InvalidRequest(message, field="connection")
        return connection

    def _reply(self, identifier: Identifier, language: str) -> dict[str, object]:
        whole = f"{identifier.connection}\0{identifier.value}".encode()
        # Auth0 answers the user's id here. Ours must not tell whether there is a user.
        reply: dict[str, object] = {"_id": self.keyring.mac("start-id", whole).hex()[:_ID_LENGTH]}
        if identifier.connection == EMAIL:
            return reply | {"email": identifier.value, "email_verified": False}
        return reply | {
            "phone_number": identifier.value,
            "phone_verified": False,
            "request_language": language,
        }


def _idempotency_key(request: Request) -> str | None:
    """Return the ``Idempotency-Key`` header, with which a client repeats a start safely."""
    key = request.headers.get("idempotency-key", "").strip()
    if not key:
        return None
    if len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        message = "Idempotency-Key must be at most 255 printable ASCII characters"
        raise InvalidRequest(message, field="idempotency_key")
    return key
