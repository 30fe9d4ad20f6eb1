"""``POST /oauth/ro``: how SDKs from before 2018 exchange a code. Off unless switched on."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import ChallengeRefused, ClientRefused, TooManyRequests
from latchstring.base.settings import GrantType
from latchstring.domain.authorizations.scopes import OFFLINE_ACCESS
from latchstring.domain.clients import assertion
from latchstring.domain.clients.client import Client
from latchstring.flows.grant_scope import GrantScope
from latchstring.flows.redeem_code import RedeemCode, RedeemRequest
from latchstring.web.auth0.answers import Answers, Typed
from latchstring.web.auth0.caller import Callers, Credentials
from latchstring.web.auth0.members import required, text
from latchstring.web.auth0.on_behalf import asker
from latchstring.web.auth0.refusals import (
    BadCall,
    EndpointDisabled,
    InvalidUserPassword,
    TooManyAttempts,
    sentence_of,
)
from latchstring.web.http.answers import private_json
from latchstring.web.http.parameters import read_json

PATH = "/oauth/ro"


class LegacyReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What those SDKs read."""

    access_token: str
    token_type: str
    id_token: str | None = None


class Legacy(msgspec.Struct, frozen=True, kw_only=True):
    """The one-time-password grant in older words; every limit of the grant holds here too."""

    enabled: bool
    redeem: RedeemCode
    callers: Callers
    grant_scope: GrantScope
    answers: Answers

    async def __call__(self, request: Request) -> Response:
        """Answer with tokens for a right code."""
        if not self.enabled:
            raise EndpointDisabled
        members = await read_json(request)
        typed = Typed(
            realm=required(members, "connection"),
            username=required(members, "username"),
            code=required(members, "password"),
        )
        if text(members, "grant_type") not in (None, "password"):
            raise BadCall("grant_type must be password", field="grant_type")
        granted = self._scope(text(members, "scope"))
        caller = _caller(members)
        if caller.client_id not in self.callers.configuration.current.clients:
            message = "invalid client"
            raise ClientRefused(message)
        client = await self.callers(request, caller)
        _require_grant(client)
        asks = asker(client, request.state.origin)
        try:
            verification = await self.answers.read(client, typed, asks.origin, trusted=asks.trusted)
            tokens = await self.redeem(
                RedeemRequest(
                    verification=verification,
                    scope=self.grant_scope(client, granted, None).scope,
                    algorithm=client.id_token_signed_response_alg,
                )
            )
        except ChallengeRefused as refused:
            raise InvalidUserPassword(sentence_of(refused, typed.realm)) from refused
        except TooManyRequests as limit:
            raise TooManyAttempts.of(limit) from limit
        return private_json(LegacyReply(tokens.access_token, "bearer", tokens.id_token))

    def _scope(self, asked: str | None) -> str | None:
        """Leave out ``offline_access``: there is no member that a refresh token could travel in."""
        words = [word for word in (asked or "").split() if word != OFFLINE_ACCESS]
        return " ".join(words) or None


def _caller(members: dict[str, Any]) -> Credentials:
    return Credentials(
        client_id=required(members, "client_id"),
        secret=text(members, "client_secret"),
        assertion=text(members, "client_assertion", longest=assertion.LONGEST),
        assertion_type=text(members, "client_assertion_type"),
    )


def _require_grant(client: Client) -> None:
    if not client.may_use(GrantType.PASSWORDLESS_OTP):
        message = "Grant type not allowed for the client."
        raise ClientRefused(message)
