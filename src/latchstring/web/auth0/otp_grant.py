"""The one-time-password grant: an application exchanges the code somebody typed into it.

Native SDKs compare the refusals byte for byte; the sentences are in ``refusals``.
"""

import msgspec

from latchstring.base.errors import ChallengeRefused, InvalidRequest
from latchstring.base.origin import Origin
from latchstring.domain.clients.client import Client
from latchstring.flows.grant_scope import GrantScope
from latchstring.flows.issue_tokens import Tokens
from latchstring.flows.redeem_code import RedeemCode, RedeemRequest
from latchstring.web.auth0.answers import Answers, Typed
from latchstring.web.auth0.on_behalf import asker
from latchstring.web.auth0.refusals import sentence_of
from latchstring.web.http.parameters import Parameters

GRANT_TYPE = "http://auth0.com/oauth/grant-type/passwordless/otp"


class OtpGrant(msgspec.Struct, frozen=True):
    """Tokens for a right code."""

    redeem: RedeemCode
    grant_scope: GrantScope
    answers: Answers

    async def __call__(self, client: Client, parameters: Parameters, origin: Origin) -> Tokens:
        """Return the tokens; raise ``ChallengeRefused`` with the sentence of the contract."""
        realm = _required(parameters, "realm")
        username, code = _required(parameters, "username"), _required(parameters, "otp")
        # Before the code is spent: nothing may be refused once it is.
        granted = self.grant_scope(client, parameters.one("scope"), parameters.one("audience"))
        typed, asks = Typed(realm=realm, username=username, code=code), asker(client, origin)
        verification = await self.answers.read(client, typed, asks.origin, trusted=asks.trusted)
        wanted = RedeemRequest(
            verification=verification,
            scope=granted.scope,
            algorithm=client.id_token_signed_response_alg,
            api=granted.api,
        )
        try:
            return await self.redeem(wanted)
        except ChallengeRefused as refused:
            raise ChallengeRefused(sentence_of(refused, realm)) from refused


def _required(parameters: Parameters, name: str) -> str:
    value = parameters.one(name)
    if value is None:
        message = f"Missing required parameter: {name}"
        raise InvalidRequest(message, field=name)
    return value
