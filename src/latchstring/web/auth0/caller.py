"""Which application calls, and whether it proved to be it: by its secret or a signed assertion."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NoReturn

import msgspec
from starlette.requests import Request

from latchstring.base.errors import ClientRefused, InvalidRequest
from latchstring.domain.clients import assertion as assertions
from latchstring.domain.clients.assertion import Assertion
from latchstring.domain.clients.client import Client
from latchstring.flows.refresh_configuration import RefreshConfiguration

Prove = Callable[[Client | None, Assertion, str], Awaitable[Client]]
"""Returns the client that made an assertion for the endpoint at a path, or refuses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a caller says of itself; texts that were read before."""

    client_id: str
    secret: str | None = field(default=None, repr=False)
    assertion: str | None = field(default=None, repr=False)
    assertion_type: str | None = None


class Callers(msgspec.Struct, frozen=True):
    """Finds the client that a JSON body names."""

    configuration: RefreshConfiguration
    prove: Prove

    async def __call__(self, request: Request, came: Credentials) -> Client:
        """Return the client; raise ``InvalidRequest`` (an unknown one) or ``ClientRefused``."""
        client = self.configuration.current.clients.get(came.client_id)
        if client is None:
            message = "Unknown client_id"
            raise InvalidRequest(message, field="client_id")
        if came.assertion is not None:
            await self._by_assertion(request, client, came, came.assertion)
        elif not client.accepts_secret(came.secret):
            _refuse()
        return client

    async def _by_assertion(
        self, request: Request, client: Client, came: Credentials, assertion: str
    ) -> None:
        if came.assertion_type != assertions.TYPE or came.secret is not None:
            _refuse("an assertion without its type, or beside a secret")
        try:
            await self.prove(client, assertions.read(assertion), request.url.path)
        except ClientRefused as refused:
            _refuse(refused.detail)


def _refuse(detail: str = "") -> NoReturn:
    message = "Client authentication is required"
    raise ClientRefused(message, detail=detail)
