"""Exchange an authorization code for tokens, once."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.origin import Origin
from latchstring.base.secrets import digest
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Database, Transaction
from latchstring.domain.apis.api import Api
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import CodeReplayed
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.code import AuthorizationCode, CodeRefused, Presented
from latchstring.domain.tokens import store as tokens
from latchstring.flows.find_person import hold_person
from latchstring.flows.grant_scope import still_granted
from latchstring.flows.issue_tokens import IssueTokens, TokenRequest, Tokens, Unsigned
from latchstring.flows.live_session import is_live


class _Refused(msgspec.Struct, frozen=True):
    reason: str


class ExchangeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A code from an authenticated client."""

    code: str
    presented: Presented
    origin: Origin
    algorithm: SigningAlgorithm = SigningAlgorithm.RS256
    """What the client's ID tokens are signed with."""

    apis: Mapping[str, Api] = msgspec.field(default_factory=dict)
    """Every API by its identifier, as the configuration in memory has them now."""

    hears_logout: bool = False
    """Whether the client is to be told that the session ended."""


class ExchangeCode(msgspec.Struct, frozen=True):
    """One caller gets the tokens of a code.

    The code is spent by whoever presents it first, right or wrong: a code that turned up at
    another client, or without its verifier, is in the wrong hands and must not work afterwards.
    """

    database: Database
    clock: Clock
    issue_tokens: IssueTokens

    async def __call__(self, request: ExchangeRequest) -> Tokens:
        """Return the tokens; raise ``CodeRefused``."""
        now = self.clock.now()  # before the queue for the writer: twins arrive together
        outcome = await self.database.transact(lambda tx: self._decide(tx, request, now=now))
        if isinstance(outcome, _Refused):
            raise CodeRefused(detail=outcome.reason)
        return self.issue_tokens.sign(outcome)

    async def _decide(
        self, tx: Transaction, request: ExchangeRequest, *, now: datetime
    ) -> Unsigned | _Refused:
        code_digest = digest(request.code)
        code = await authorizations.spend_code(tx, code_digest, now)
        if code is None:
            return await self._again(tx, code_digest, origin=request.origin, now=now)
        if (reason := code.refusal(request.presented, now=now)) is not None:
            return _Refused(reason)
        api = request.apis.get(code.audience or "")
        if code.audience is not None and api is None:
            return _Refused("the API is gone")
        # Before the session: a block and its end between the two looks would leave a live token.
        person = await hold_person(tx, code.user_id)
        if not await _is_carried(tx, code, hears_logout=request.hears_logout, now=now):
            return _Refused("signed out meanwhile")
        if person is None:
            return _Refused("the user is shut out")
        wanted = _request(code, request.algorithm, api)
        return await self.issue_tokens.record(tx, wanted, person, now=now)

    async def _again(
        self, tx: Transaction, code_digest: str, *, origin: Origin, now: datetime
    ) -> _Refused:
        code = await authorizations.find_code(tx, code_digest)
        if code is None:
            # Never ours, or purged since; in the second case its tokens may still be alive.
            await tokens.revoke_of_code(tx, code_digest, now)
            return _Refused("unknown")
        if not code.is_replay(now=now):
            return _Refused("used a moment ago")
        await tokens.revoke_of_code(tx, code_digest, now)
        replayed = CodeReplayed(client_id=code.client_id, user_id=code.user_id)
        await audit.record(tx, replayed, origin, now=now)
        return _Refused("replayed")


async def _is_carried(
    tx: Transaction, code: AuthorizationCode, *, hears_logout: bool, now: datetime
) -> bool:
    """Tell whether the code's session lives.

    A code from a link that was opened outside any session has none to lose.
    """
    return code.session_id is None or await is_live(
        tx, code.session_id, code.client_id, hears_logout=hears_logout, now=now
    )


def _request(code: AuthorizationCode, algorithm: SigningAlgorithm, api: Api | None) -> TokenRequest:
    return TokenRequest(
        client_id=code.client_id,
        user_id=code.user_id,
        session_id=code.session_id,
        scope=still_granted(code.scope, api),
        nonce=code.nonce,
        auth_time=code.auth_time,
        amr=code.amr,
        code_digest=code.code_digest,
        algorithm=algorithm,
        api=api,
        claims=code.claims,
    )
