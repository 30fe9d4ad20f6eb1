"""Issue an access token, an ID token for openid, and refresh tokens for offline access."""

from datetime import datetime, timedelta

import msgspec

from latchstring.base.ids import ClientId, FamilyId, SessionId, UserId
from latchstring.base.secrets import Keyring
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Transaction
from latchstring.domain.apis.api import Api
from latchstring.domain.authorizations.scopes import OFFLINE_ACCESS, OPENID
from latchstring.domain.keys.signer import Signer, TokenKind
from latchstring.domain.tokens import refresh
from latchstring.domain.tokens import store as tokens
from latchstring.domain.tokens.access import AccessToken, Bearer, issue
from latchstring.domain.tokens.claims import Person, SignIn, access_token, id_token
from latchstring.flows.find_person import find_person

TOKEN_TYPE = "Bearer"  # noqa: S105 - the name of a kind of token (RFC 6750), no token


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """For which client, about whom, and how they signed in."""

    client_id: ClientId
    user_id: UserId
    """The subject: a user, or a client that speaks for itself."""

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

    api: Api | None = None
    """What the access token is for; nothing: our userinfo endpoint alone."""

    claims: str | None = None
    """Claims that the client asked for by name, as JSON."""

    continued: refresh.Presented | None = None
    """The refresh token to give out, where one was presented; else a new family may open."""

    gty: str | None = None
    """How the client came by it, where a signed access token tells."""

    @property
    def audience(self) -> str | None:
        """The API's identifier."""
        return None if self.api is None else self.api.identifier


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What the application receives."""

    access_token: str
    expires_in: int
    scope: str
    id_token: str | None
    refresh_token: str | None = None
    token_type: str = TOKEN_TYPE


class Unsigned(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens whose rows are written and which still want their signatures."""

    access_token: str
    """The token itself, or the ``jti`` of one that is signed."""

    expires_in: int
    scope: str
    claims: dict[str, object] | None
    algorithm: SigningAlgorithm
    access_claims: dict[str, object] | None = None
    access_algorithm: SigningAlgorithm = SigningAlgorithm.RS256
    refresh_token: str | None = None


class IssueTokens(msgspec.Struct, frozen=True):
    """Tokens for a sign-in that is already proven.

    A flow calls ``record`` inside its transaction and ``sign`` after it: a signature is the dearest
    step of a sign-in, and inside it would hold every other writer up.
    Should it fail, the grant is spent and the access token's digest lies unused: nobody has it.
    """

    signer: Signer
    issuer: str
    lifetime: timedelta
    keyring: Keyring
    refresh_lifetime: refresh.Lifetime

    async def record(
        self, tx: Transaction, request: TokenRequest, person: Person | None, *, now: datetime
    ) -> Unsigned:
        """Write the tokens' rows and gather the claims, of a person whom ``tx`` holds."""
        continued = request.continued or await self._opened(tx, request, now=now)
        family_id = None if continued is None else continued.family_id
        token, row = self.token_for(request, family_id, now=now)
        await tokens.insert_access_token(tx, row)
        unsigned = self.unsigned(token, request, person, now=now)
        signed = request.api is not None
        return msgspec.structs.replace(
            unsigned,
            access_claims=access_token(self.issuer, row, token, request.gty) if signed else None,
            refresh_token=continued and self._token(continued),
        )

    async def record_verified(
        self, tx: Transaction, request: TokenRequest, *, now: datetime
    ) -> Unsigned:
        """Do the same for somebody whom this very transaction let in."""
        wanted = OPENID in request.scope.split()
        person = await find_person(tx, request.user_id) if wanted else None
        return await self.record(tx, request, person, now=now)

    def token_for(
        self, request: TokenRequest, family_id: FamilyId | None = None, *, now: datetime
    ) -> tuple[str, AccessToken]:
        """Return a new access token, or the ``jti`` of one, and what is kept of it."""
        bearer = Bearer(
            client_id=request.client_id,
            user_id=request.user_id,
            session_id=request.session_id,
            code_digest=request.code_digest,
            scope=request.scope,
            audience=request.audience,
            family_id=family_id,
            claims=request.claims,
        )
        return issue(bearer, lifetime=self._lifetime(request.api), now=now)

    def unsigned(
        self, token: str, request: TokenRequest, person: Person | None, *, now: datetime
    ) -> Unsigned:
        """Return an opaque access token and the claims of an ID token, as they are to be signed."""
        return Unsigned(
            access_token=token,
            expires_in=int(self._lifetime(request.api).total_seconds()),
            scope=request.scope,
            claims=self._claims(request, person, now=now),
            algorithm=request.algorithm,
            access_algorithm=request.api.signing_alg if request.api else SigningAlgorithm.RS256,
        )

    def sign(self, unsigned: Unsigned) -> Tokens:
        """Return the finished tokens, once their rows are durable."""
        claims, access_claims = unsigned.claims, unsigned.access_claims
        access = unsigned.access_token
        if access_claims is not None:
            algorithm = unsigned.access_algorithm
            access = self.signer.sign(access_claims, algorithm, TokenKind.ACCESS_TOKEN)
        return Tokens(
            access_token=access,
            expires_in=unsigned.expires_in,
            scope=unsigned.scope,
            id_token=None if claims is None else self.signer.sign(claims, unsigned.algorithm),
            refresh_token=unsigned.refresh_token,
        )

    async def _opened(
        self, tx: Transaction, request: TokenRequest, *, now: datetime
    ) -> refresh.Presented | None:
        """Open a family where offline access was granted, and return its first token."""
        if OFFLINE_ACCESS not in request.scope.split():
            return None
        basis = refresh.Basis(
            client_id=request.client_id,
            user_id=request.user_id,
            session_id=request.session_id,
            code_digest=request.code_digest,
            scope=request.scope,
            audience=request.audience,
            auth_time=request.auth_time,
            amr=request.amr,
            claims=request.claims,
        )
        family = refresh.open_family(basis, self.refresh_lifetime, now=now)
        await tokens.insert_family(tx, family)
        return refresh.Presented(family.id, family.generation)

    def _token(self, presented: refresh.Presented) -> str:
        return refresh.token_of(presented.family_id, presented.generation, self.keyring)

    def _lifetime(self, api: Api | None) -> timedelta:
        return self.lifetime if api is None else api.token_lifetime

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
            claims=request.claims,
        )
        return id_token(self.issuer, person, sign_in, now=now)
