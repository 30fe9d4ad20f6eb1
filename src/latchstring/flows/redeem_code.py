"""Redeem a one-time code for tokens: verified, and its access token written, in one transaction.

A crash between the two would spend the code and give nothing for it.
"""

import contextlib
import time

import msgspec

from latchstring.base.errors import AppError, Unavailable
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Database, Transaction, Undone, require_time_since
from latchstring.domain.apis.api import Api
from latchstring.domain.authorizations.scopes import OFFLINE_ACCESS, OPENID
from latchstring.domain.identities.user import new_user_id
from latchstring.domain.limits import store as limits
from latchstring.domain.limits.limit import Exhausted
from latchstring.flows.accept_challenge import Method, VerifiedUser, amr_of
from latchstring.flows.allowances import budget_of
from latchstring.flows.issue_tokens import IssueTokens, TokenRequest, Tokens, Unsigned
from latchstring.flows.redeem_at_once import Redeemed, WholeRedemption, redeem_at_once
from latchstring.flows.start_passwordless import ADDRESS_LIMIT
from latchstring.flows.verify_passwordless import (
    Refused,
    VerifyPasswordless,
    VerifyRequest,
    error_of,
)

_Outcome = Unsigned | Refused | Exhausted | Undone[AppError]


class RedeemRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A typed code, and what the application wants for it."""

    verification: VerifyRequest
    scope: str
    """As granted, not as asked."""

    algorithm: SigningAlgorithm
    api: Api | None = None
    """What the access token is for; nothing: our userinfo endpoint alone."""


class RedeemCode(msgspec.Struct, frozen=True):
    """Tokens for a right code; exactly one of many racing right answers gets them."""

    database: Database
    verify: VerifyPasswordless
    issue_tokens: IssueTokens

    async def __call__(self, request: RedeemRequest) -> Tokens:
        """Raise ``WrongCode``, ``CodeExpired``, ``TooManyTries`` or ``TooManyRequests``."""
        began = time.monotonic()
        outcome: _Outcome | None = await self._at_once(request, began)
        if outcome is None:
            require_time_since(began)
            outcome = await self.database.transact(lambda tx: self._redeem(tx, request))
        if not isinstance(outcome, Unsigned):
            raise error_of(outcome)
        return self.issue_tokens.sign(outcome)

    async def _at_once(self, request: RedeemRequest, began: float) -> Unsigned | Refused | None:
        """Do all of it in one statement where that is possible; nothing: it was not.

        Whose address counts, whose browser is known, and who wants more than an opaque access
        token, goes step by step.
        """
        at_once, verification = self.database.at_once, request.verification
        if at_once is None or not verification.trusted or verification.known_since is not None:
            return None
        if request.api is not None or OFFLINE_ACCESS in request.scope.split():
            return None  # more rows than the one statement writes
        now, identifier = self.verify.clock.now(), verification.identifier
        wanted = TokenRequest(
            client_id=verification.client_id,
            user_id=new_user_id(identifier.connection),
            scope=request.scope,
            auth_time=now,
            amr=amr_of(identifier, Method.CODE),
            algorithm=request.algorithm,
        )
        token, row = self.issue_tokens.token_for(wanted, now=now)
        redemption = WholeRedemption(
            verification=verification, token=row, wants_person=OPENID in request.scope.split()
        )
        budget = budget_of(self.verify.limits)
        outcome = await redeem_at_once(at_once, redemption, budget, self.verify.keyring)
        if not isinstance(outcome, Redeemed):
            return outcome
        if outcome.address_digest is not None:
            with contextlib.suppress(Unavailable):  # the code is spent: they get what it gave
                require_time_since(began)
                await self._give_back(outcome.address_digest)
        return self.issue_tokens.unsigned(token, wanted, outcome.person, now=now)

    async def _give_back(self, address_digest: str) -> None:
        """A start that is verified was no flood; the client had no secret then."""
        now = self.verify.clock.now()
        await self.database.transact(
            lambda tx: limits.give_back(tx, ADDRESS_LIMIT, address_digest, now)
        )

    async def _redeem(self, tx: Transaction, request: RedeemRequest) -> _Outcome:
        outcome = await self.verify.decide(tx, request.verification)
        if not isinstance(outcome, VerifiedUser):
            return outcome
        wanted = token_request(request, outcome)
        return await self.issue_tokens.record_verified(tx, wanted, now=outcome.at)


def token_request(request: RedeemRequest, user: VerifiedUser) -> TokenRequest:
    """Return what is issued to whom."""
    return TokenRequest(
        client_id=request.verification.client_id,
        user_id=user.user_id,
        scope=request.scope,
        auth_time=user.at,
        amr=user.amr,
        algorithm=request.algorithm,
        api=request.api,
    )
