"""Issue an access token to a client that speaks for itself (RFC 6749 section 4.4)."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import UserId
from latchstring.db.database import Database
from latchstring.domain.apis.api import Api
from latchstring.domain.clients.client import Client
from latchstring.flows.issue_tokens import IssueTokens, TokenRequest, Tokens

GTY = "client-credentials"
_SUFFIX = "@clients"
"""Auth0's: no user's subject has an at sign."""


def is_machine(subject: UserId) -> bool:
    """Whether a token speaks of a client itself, and of no person."""
    return subject.endswith(_SUFFIX)


class IssueMachineToken(msgspec.Struct, frozen=True):
    """An access token for an API, and nothing else: nobody signed in."""

    database: Database
    clock: Clock
    issue_tokens: IssueTokens

    async def __call__(self, client: Client, api: Api, scope: str) -> Tokens:
        """Return the token; that the client may have it was checked."""
        now = self.clock.now()
        wanted = TokenRequest(
            client_id=client.client_id,
            user_id=UserId(f"{client.client_id}{_SUFFIX}"),
            scope=scope,
            auth_time=now,
            amr=(),
            api=api,
            gty=GTY,
        )
        unsigned = await self.database.transact(
            lambda tx: self.issue_tokens.record(tx, wanted, None, now=now)
        )
        return self.issue_tokens.sign(unsigned)
