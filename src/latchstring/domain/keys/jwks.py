"""The published key set (RFC 7517 section 5)."""

import msgspec

from latchstring.domain.keys.signer import Signer


def document(signer: Signer) -> bytes:
    """Return the key set as JSON: public halves alone, the signing key first."""
    return msgspec.json.encode({"keys": signer.public_jwks})
