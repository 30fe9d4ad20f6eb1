"""A code that somebody typed, as Auth0's SDKs send it: who, by which way in, which code."""

import msgspec

from latchstring.base.errors import ChallengeRefused, InvalidRequest
from latchstring.base.ids import ConnectionName
from latchstring.base.origin import Origin
from latchstring.domain.clients.client import Client
from latchstring.domain.identities.identifier import (
    SMS,
    Identifier,
    email_identifier,
    phone_identifier,
)
from latchstring.domain.identities.user import UserBlocked
from latchstring.flows.find_standing import FindStanding
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.flows.verify_passwordless import VerifyRequest
from latchstring.web.auth0.refusals import BLOCKED, BadCall, wrong


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What came, unchecked."""

    realm: str
    username: str
    code: str


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Turns what somebody typed into a request that a flow takes."""

    configuration: RefreshConfiguration
    find_standing: FindStanding
    allow_examples: bool
    tell_blocked: bool

    async def read(
        self, client: Client, typed: Typed, origin: Origin, *, trusted: bool = False
    ) -> VerifyRequest:
        """Return the request; raise ``BadCall``, ``ChallengeRefused`` or ``UserBlocked``.

        A name that is none is refused as a wrong code is: the caller learns nothing by the form.
        """
        connection = self.configuration.current.connections.get(typed.realm)
        if connection is None or not client.offers(typed.realm):
            message = "The connection (realm) does not exist or is disabled."
            raise BadCall(message, field="connection")
        identifier = self.identifier(connection.name, typed.username)
        await self.refuse_blocked(identifier)
        return VerifyRequest(
            client_id=client.client_id,
            connection=connection,
            identifier=identifier,
            code=typed.code,
            origin=origin,
            trusted=trusted,
        )

    def identifier(self, realm: ConnectionName, username: str) -> Identifier:
        """Return whom a name means; raise ``ChallengeRefused``."""
        try:
            if realm == SMS:
                return phone_identifier(username, None, allow_examples=self.allow_examples)
            return email_identifier(username, allow_examples=self.allow_examples)
        except InvalidRequest:
            raise ChallengeRefused(wrong(realm)) from None

    async def refuse_blocked(self, identifier: Identifier) -> None:
        """Raise ``UserBlocked`` for whoever is, where an operator lets that be told."""
        if not self.tell_blocked:
            return
        standing = await self.find_standing(identifier)
        if standing is not None and standing.blocked_at is not None:
            raise UserBlocked(BLOCKED)
