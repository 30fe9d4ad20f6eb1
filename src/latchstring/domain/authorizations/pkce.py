"""Proof Key for Code Exchange (RFC 7636), by S256 alone.

``plain`` would show the verifier to whoever sees the authorization request, so it does not exist.
"""

import re

from latchstring.base.secrets import digest, equal

METHOD = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str) -> bool:
    """Whether the text can be an S256 challenge: a SHA-256 in base64url is always 43 characters."""
    return _CHALLENGE.fullmatch(text) is not None


def is_proven(challenge: str | None, verifier: str | None) -> bool:
    """Whether the verifier belongs to the challenge; with neither there is nothing to prove.

    A verifier without a challenge is refused: somebody stripped the challenge from the request on
    its way here, and the client would believe itself protected (RFC 9700 section 2.1.1).
    """
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    return _VERIFIER.fullmatch(verifier) is not None and equal(digest(verifier), challenge)
