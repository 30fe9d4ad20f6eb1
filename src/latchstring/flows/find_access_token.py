"""Find the row of an access token, opaque or signed."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.secrets import digest
from latchstring.db.database import Transaction
from latchstring.domain.keys.signer import Signer, TokenKind
from latchstring.domain.tokens import store as tokens
from latchstring.domain.tokens.access import AccessToken, digest_of_jti, is_well_formed


class FindAccessToken(msgspec.Struct, frozen=True):
    """A token counts while its row lives, whatever its own claims say."""

    signer: Signer
    clock: Clock

    def digest_of(self, access_token: str) -> str | None:
        """Return what the row is found by; nothing for what is neither opaque nor signed by us."""
        if is_well_formed(access_token):
            return digest(access_token)
        claims = self.signer.recognize(access_token, TokenKind.ACCESS_TOKEN)
        jti = None if claims is None else claims.get("jti")
        return digest_of_jti(jti) if isinstance(jti, str) else None

    async def __call__(self, tx: Transaction, token_digest: str) -> AccessToken | None:
        """Return the token if it lives; whose it is, the caller looks up."""
        token = await tokens.find_access_token(tx, token_digest)
        return token if token is not None and token.is_live(self.clock.now()) else None
