"""Refresh tokens: the newest of a sign-in for new tokens, one after the other."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import InvalidRequest
from latchstring.base.origin import Origin
from latchstring.base.secrets import Keyring
from latchstring.db.database import Database, Transaction
from latchstring.domain.apis.api import Api
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import RefreshTokenReused
from latchstring.domain.clients.client import Client
from latchstring.domain.tokens import refresh
from latchstring.domain.tokens import store as tokens
from latchstring.domain.tokens.refresh import RefreshFamily, RefreshRefused, Standing
from latchstring.flows.find_person import hold_person
from latchstring.flows.grant_scope import known_scopes, still_granted
from latchstring.flows.issue_tokens import IssueTokens, TokenRequest, Tokens, Unsigned


class ScopeTooWide(InvalidRequest):
    """The scope goes beyond what was granted."""


class _Refused(msgspec.Struct, frozen=True):
    reason: str


class RefreshRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token from an authenticated client, and the narrower scope it may want."""

    client: Client
    token: str
    scope: str | None
    origin: Origin

    @property
    def words(self) -> list[str]:
        """The narrower scope; blanks ask for none."""
        return (self.scope or "").split()


class RefreshTokens(msgspec.Struct, frozen=True):
    """Each refresh token works once; using one twice ends all that came of its sign-in.

    Whoever lost our answer and asks again at once is given the same next token.
    """

    database: Database
    clock: Clock
    keyring: Keyring
    issue_tokens: IssueTokens

    async def __call__(self, request: RefreshRequest, apis: Mapping[str, Api]) -> Tokens:
        """Return new tokens; raise ``RefreshRefused`` or ``ScopeTooWide``."""
        presented = refresh.read(request.token, self.keyring)
        if presented is None:
            raise RefreshRefused(detail="not one of ours")
        now = self.clock.now()  # before the queue for the writer: twins arrive together
        outcome = await self.database.transact(
            lambda tx: self._decide(tx, request, presented, apis=apis, now=now)
        )
        if isinstance(outcome, _Refused):
            raise RefreshRefused(detail=outcome.reason)
        if isinstance(outcome, ScopeTooWide):
            raise outcome
        return self.issue_tokens.sign(outcome)

    async def _decide(
        self,
        tx: Transaction,
        request: RefreshRequest,
        presented: refresh.Presented,
        *,
        apis: Mapping[str, Api],
        now: datetime,
    ) -> Unsigned | _Refused | ScopeTooWide:
        found = await tokens.find_family(tx, presented.family_id)
        if found is None:
            return _Refused("unknown: never ours, or purged since")
        api = apis.get(found.audience or "")
        refusal = _refusal(request, found, api)
        if refusal is not None:
            return refusal
        person = await hold_person(tx, found.user_id)
        if person is None:
            return _Refused("the user is shut out")
        family = await self._rotated(tx, request, presented, now=now)
        if isinstance(family, _Refused):
            return family
        return await self.issue_tokens.record(
            tx, _token_request(request, family, api), person, now=now
        )

    async def _rotated(
        self,
        tx: Transaction,
        request: RefreshRequest,
        presented: refresh.Presented,
        *,
        now: datetime,
    ) -> RefreshFamily | _Refused:
        """Return the family with its next generation, or with the newest for who lost it."""
        client_id = request.client.client_id
        family = await tokens.rotate_family(
            tx,
            presented.family_id,
            client_id,
            generation=presented.generation,
            idle_ends_at=now + self.issue_tokens.refresh_lifetime.idle,
            now=now,
        )
        if family is not None:
            return family
        family = await tokens.hold_family(tx, presented.family_id)
        if family is None:
            return _Refused("purged meanwhile")
        standing = refresh.standing(family, presented, client_id, now=now)
        if standing is Standing.REPEATED:
            return family
        if standing is Standing.REUSED:
            await tokens.end_family(tx, family.id, now)
            reused = RefreshTokenReused(client_id=family.client_id, user_id=family.user_id)
            await audit.record(tx, reused, request.origin, now=now)
        return _Refused(standing)


def _refusal(
    request: RefreshRequest, found: RefreshFamily, api: Api | None
) -> _Refused | ScopeTooWide | None:
    """Return why no token of this family is of use now; none is used up."""
    if _is_too_wide(set(request.words), set(found.scope.split()), api):
        return ScopeTooWide(field="scope")
    if found.audience is not None and api is None:
        return _Refused("the API is gone")
    if api is not None and not api.allow_offline_access:
        return _Refused("the API allows no refresh tokens any more")
    return None


def _is_too_wide(words: set[str], granted: set[str], api: Api | None) -> bool:
    """Tell whether more is asked for than was granted.

    Words that mean nothing were left out of the grant in silence, and some clients (Authlib) ask
    each time for all that they asked for at first: they are left out again. Nothing but such words
    is no scope.
    """
    if words and words.isdisjoint(granted):
        return True
    return not known_scopes(api).isdisjoint(words - granted)


def _token_request(request: RefreshRequest, family: RefreshFamily, api: Api | None) -> TokenRequest:
    return TokenRequest(
        client_id=family.client_id,
        user_id=family.user_id,
        session_id=family.session_id,
        scope=still_granted(" ".join(request.words) or family.scope, api),
        auth_time=family.auth_time,
        amr=family.amr,
        code_digest=family.code_digest,
        algorithm=request.client.id_token_signed_response_alg,
        api=api,
        claims=family.claims,
        continued=refresh.Presented(family.id, family.generation),
    )
