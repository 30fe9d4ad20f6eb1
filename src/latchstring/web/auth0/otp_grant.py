"""The one-time-password grant: an application exchanges the code somebody typed into it.

Native SDKs compare the refusals byte for byte, so these three sentences are the contract.
"""

from typing import NoReturn

import msgspec

from latchstring.base.errors import ChallengeRefused, InvalidRequest
from latchstring.base.origin import Origin
from latchstring.domain.challenges.refusal import CodeExpired, TooManyTries
from latchstring.domain.clients.client import Client
from latchstring.domain.identities.identifier import (
    SMS,
    Identifier,
    email_identifier,
    phone_identifier,
)
from latchstring.flows.grant_scope import GrantScope
from latchstring.flows.issue_tokens import Tokens
from latchstring.flows.redeem_code import RedeemCode, RedeemRequest
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.flows.verify_passwordless import VerifyRequest
from latchstring.web.http.parameters import Parameters

GRANT_TYPE = "http://auth0.com/oauth/grant-type/passwordless/otp"

WRONG_EMAIL = "Wrong email or verification code."
WRONG_PHONE = "Wrong phone number or verification code."
EXPIRED = "The verification code has expired. Please try to login again."
TOO_MANY = "You've reached the maximum number of attempts. Please try to login again."


class OtpGrant(msgspec.Struct, frozen=True):
    """Tokens for a right code."""

    redeem: RedeemCode
    configuration: RefreshConfiguration
    grant_scope: GrantScope
    allow_examples: bool

    async def __call__(self, client: Client, parameters: Parameters, origin: Origin) -> Tokens:
        """Return the tokens; raise ``ChallengeRefused`` with the sentence of the contract."""
        realm = _required(parameters, "realm")
        username, code = _required(parameters, "username"), _required(parameters, "otp")
        connection = self.configuration.current.connections.get(realm)
        if connection is None or not client.offers(realm):
            message = "The realm is not a connection of this client."
            raise InvalidRequest(message, field="realm")
        # Before the code is spent: nothing may be refused once it is.
        granted = self.grant_scope(client, parameters.one("scope"), parameters.one("audience"))
        verification = VerifyRequest(
            client_id=client.client_id,
            connection=connection,
            identifier=self._identifier(realm, username),
            code=code,
            origin=origin,
            trusted=not client.is_public,
        )
        wanted = RedeemRequest(
            verification=verification,
            scope=granted.scope,
            algorithm=client.id_token_signed_response_alg,
            api=granted.api,
        )
        try:
            return await self.redeem(wanted)
        except ChallengeRefused as refused:
            _refuse(refused, realm)

    def _identifier(self, realm: str, username: str) -> Identifier:
        try:
            if realm == SMS:
                return phone_identifier(username, None, allow_examples=self.allow_examples)
            return email_identifier(username, allow_examples=self.allow_examples)
        except InvalidRequest:
            raise ChallengeRefused(WRONG_PHONE if realm == SMS else WRONG_EMAIL) from None


def _refuse(refused: ChallengeRefused, realm: str) -> NoReturn:
    sentence = WRONG_PHONE if realm == SMS else WRONG_EMAIL
    if isinstance(refused, CodeExpired):
        sentence = EXPIRED
    if isinstance(refused, TooManyTries):
        sentence = TOO_MANY
    raise ChallengeRefused(sentence) from refused


def _required(parameters: Parameters, name: str) -> str:
    value = parameters.one(name)
    if value is None:
        message = f"Missing required parameter: {name}"
        raise InvalidRequest(message, field=name)
    return value
