"""Redeem a one-time code for tokens: verified, and its access token written, in one transaction.

A crash between the two would spend the code and give nothing for it.
"""

from dataclasses import dataclass

from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Database, Transaction
from latchstring.domain.limits.limit import Exhausted
from latchstring.flows.accept_challenge import VerifiedUser
from latchstring.flows.issue_tokens import IssueTokens, TokenRequest, Tokens, Unsigned
from latchstring.flows.verify_passwordless import (
    Refused,
    VerifyPasswordless,
    VerifyRequest,
    error_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemRequest:
    """A typed code, and what the application wants for it."""

    verification: VerifyRequest
    scope: str
    """As granted, not as asked."""

    algorithm: SigningAlgorithm


@dataclass(frozen=True, slots=True)
class RedeemCode:
    """Tokens for a right code; exactly one of many racing right answers gets them."""

    database: Database
    verify: VerifyPasswordless
    issue_tokens: IssueTokens

    async def __call__(self, request: RedeemRequest) -> Tokens:
        """Raise ``WrongCode``, ``CodeExpired``, ``TooManyTries`` or ``TooManyRequests``."""
        outcome = await self.database.transact(lambda tx: self._redeem(tx, request))
        if isinstance(outcome, Refused | Exhausted):
            raise error_of(outcome)
        return self.issue_tokens.sign(outcome)

    async def _redeem(
        self, tx: Transaction, request: RedeemRequest
    ) -> Unsigned | Refused | Exhausted:
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
    )
