"""Issue an access token, and an ID token where openid was granted."""

from datetime import datetime, timedelta

import msgspec

from latchstring.base.ids import ClientId, SessionId, UserId
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Transaction
from latchstring.domain.keys.signer import Signer
from latchstring.domain.tokens import store as tokens
from latchstring.domain.tokens.access import AccessToken, Bearer, issue
from latchstring.domain.tokens.claims import Person, SignIn, id_token
from latchstring.flows.find_person import find_person

OPENID = "openid"
TOKEN_TYPE = "Bearer"  # noqa: S105 - the name of a kind of token (RFC 6750), no token


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """For which client, about whom, and how they signed in."""

    client_id: ClientId
    user_id: UserId
    scope: str
    """As granted, not as asked."""

    auth_time: datetime
    amr: tuple[str, ...]
    session_id: SessionId | None = None
    nonce: str | None = None
    code_digest: str | None = None
    """The authorization code this answers, so that its replay can end what it gave."""

    algorithm: SigningAlgorithm = SigningAlgorithm.RS256
    """What the client's ID tokens are signed with."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What the application receives."""

    access_token: str
    expires_in: int
    scope: str
    id_token: str | None
    token_type: str = TOKEN_TYPE


class Unsigned(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens whose row is written and whose ID token still wants its signature."""

    access_token: str
    scope: str
    claims: dict[str, object] | None
    algorithm: SigningAlgorithm


class IssueTokens(msgspec.Struct, frozen=True):
    """Tokens for a sign-in that is already proven.

    A flow calls ``record`` inside its transaction and ``sign`` after it: a signature is the dearest
    step of a sign-in, and inside it would hold every other writer up.
    Should it fail, the grant is spent and the access token's digest lies unused: nobody has it.
    """

    signer: Signer
    issuer: str
    lifetime: timedelta

    async def record(
        self, tx: Transaction, request: TokenRequest, person: Person | None, *, now: datetime
    ) -> Unsigned:
        """Write the access token's row and gather the claims, of a person whom ``tx`` holds."""
        token, row = self.token_for(request, now=now)
        await tokens.insert_access_token(tx, row)
        return self.unsigned(token, request, person, now=now)

    async def record_verified(
        self, tx: Transaction, request: TokenRequest, *, now: datetime
    ) -> Unsigned:
        """Do the same for somebody whom this very transaction let in."""
        wanted = OPENID in request.scope.split()
        person = await find_person(tx, request.user_id) if wanted else None
        return await self.record(tx, request, person, now=now)

    def token_for(self, request: TokenRequest, *, now: datetime) -> tuple[str, AccessToken]:
        """Return a new access token, and what is kept of it."""
        bearer = Bearer(
            client_id=request.client_id,
            user_id=request.user_id,
            session_id=request.session_id,
            code_digest=request.code_digest,
            scope=request.scope,
        )
        return issue(bearer, lifetime=self.lifetime, now=now)

    def unsigned(
        self, token: str, request: TokenRequest, person: Person | None, *, now: datetime
    ) -> Unsigned:
        """Return the tokens as they are to be signed."""
        claims = self._claims(request, person, now=now)
        return Unsigned(
            access_token=token, scope=request.scope, claims=claims, algorithm=request.algorithm
        )

    def sign(self, unsigned: Unsigned) -> Tokens:
        """Return the finished tokens, once their row is durable."""
        claims = unsigned.claims
        return Tokens(
            access_token=unsigned.access_token,
            expires_in=int(self.lifetime.total_seconds()),
            scope=unsigned.scope,
            id_token=None if claims is None else self.signer.sign(claims, unsigned.algorithm),
        )

    def _claims(
        self, request: TokenRequest, person: Person | None, *, now: datetime
    ) -> dict[str, object] | None:
        if person is None or OPENID not in request.scope.split():
            return None
        sign_in = SignIn(
            client_id=request.client_id,
            scope=request.scope,
            nonce=request.nonce,
            session_id=request.session_id,
            auth_time=request.auth_time,
            amr=request.amr,
        )
        return id_token(self.issuer, person, sign_in, now=now)
