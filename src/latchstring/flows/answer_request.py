"""Answer an authorization request: with a code, with tokens for the browser to carry, or both."""

import hashlib
from datetime import datetime, timedelta

import msgspec

from latchstring.base.secrets import digest, encode
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Transaction
from latchstring.domain.authorizations.request import AuthorizationRequest
from latchstring.domain.authorizations.scopes import OFFLINE_ACCESS
from latchstring.domain.clients.client import Client
from latchstring.domain.sessions.session import Session
from latchstring.flows.find_person import hold_person
from latchstring.flows.grant_scope import still_granted
from latchstring.flows.issue_code import issue_code
from latchstring.flows.issue_tokens import IssueTokens, TokenRequest, Tokens, Unsigned
from latchstring.flows.live_session import is_live
from latchstring.flows.refresh_configuration import RefreshConfiguration

CODE, TOKEN, ID_TOKEN = "code", "token", "id_token"


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An answer whose rows are written and whose tokens still want their signatures."""

    kinds: frozenset[str]
    code: str | None
    unsigned: Unsigned | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the application gets at its own address."""

    code: str | None = None
    tokens: Tokens | None = None
    """An access token; never with a refresh token, which an address bar is no place for."""

    id_token: str | None = None


class AnswerRequest(msgspec.Struct, frozen=True):
    """A flow calls ``record`` inside its transaction and ``sign`` after it, as for any tokens."""

    configuration: RefreshConfiguration
    issue_tokens: IssueTokens
    code_lifetime: timedelta

    async def record(
        self, tx: Transaction, request: AuthorizationRequest, session: Session, *, now: datetime
    ) -> Recorded | None:
        """Write the rows; none for tokens if the person was signed or shut out meanwhile.

        A code is looked at again when it is exchanged, tokens are not.
        """
        kinds, lifetime = request.response_types, self.code_lifetime
        code: str | None = None
        if kinds == {CODE}:
            code = await issue_code(tx, request, session, lifetime=lifetime, now=now)
            return Recorded(kinds=kinds, code=code, unsigned=None)
        person = await hold_person(tx, session.user_id)
        client = self.configuration.current.clients.get(request.client_id)
        if person is None or client is None or not await _is_carried(tx, session, client, now):
            return None
        wanted = self._token_request(request, session, client)
        if wanted is None:
            return None
        if CODE in kinds:
            code = await issue_code(tx, request, session, lifetime=lifetime, now=now)
            # A late replay of the code ends the tokens that traveled beside it.
            wanted = msgspec.structs.replace(wanted, code_digest=digest(code))
        if TOKEN in kinds:
            unsigned = await self.issue_tokens.record(tx, wanted, person, now=now)
        else:
            unsigned = self.issue_tokens.unsigned("", wanted, person, now=now)
        return Recorded(kinds=kinds, code=code, unsigned=unsigned)

    def sign(self, recorded: Recorded) -> Answer:
        """Return the finished answer, once its rows are durable."""
        unsigned, tokens, id_token = recorded.unsigned, None, None
        if unsigned is None:
            return Answer(code=recorded.code)
        if TOKEN in recorded.kinds:
            tokens = self.issue_tokens.sign(msgspec.structs.replace(unsigned, claims=None))
        if ID_TOKEN in recorded.kinds and unsigned.claims is not None:
            beside = {"at_hash": tokens and tokens.access_token, "c_hash": recorded.code}
            hashes = {
                name: half_hash(text, unsigned.algorithm) for name, text in beside.items() if text
            }
            id_token = self.issue_tokens.signer.sign(unsigned.claims | hashes, unsigned.algorithm)
        return Answer(code=recorded.code, tokens=tokens, id_token=id_token)

    def _token_request(
        self, request: AuthorizationRequest, session: Session, client: Client
    ) -> TokenRequest | None:
        """Return what the tokens are for; nothing if the operator allows them no more."""
        if " ".join(sorted(request.response_types)) not in client.response_types:
            return None
        api = self.configuration.current.apis.get(request.audience or "")
        if api is None and request.audience is not None:
            return None
        left = still_granted(request.scope, api).split()
        return TokenRequest(
            client_id=request.client_id,
            user_id=session.user_id,
            session_id=session.id,
            scope=" ".join(word for word in left if word != OFFLINE_ACCESS),
            nonce=request.nonce,
            auth_time=session.authenticated_at,
            amr=session.amr,
            algorithm=client.id_token_signed_response_alg,
            api=api,
            claims=request.claims,
        )


async def _is_carried(tx: Transaction, session: Session, client: Client, now: datetime) -> bool:
    hears_logout = client.backchannel_logout_uri is not None
    return await is_live(tx, session.id, client.client_id, hears_logout=hears_logout, now=now)


def half_hash(text: str, algorithm: SigningAlgorithm) -> str:
    """Return the left half of the text's hash (OpenID Connect Core 3.3.2.11).

    The hash is the one of the algorithm that signs the ID token.
    """
    hashed = hashlib.new(f"sha{algorithm.value[-3:]}", text.encode("ascii")).digest()
    return encode(hashed[: len(hashed) // 2])
