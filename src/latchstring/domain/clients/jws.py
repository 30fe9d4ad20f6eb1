"""A JWT that a client signed, taken apart; nothing of it is proven yet (RFC 7515, RFC 7519)."""

from typing import Any, TypeVar

import msgspec

from latchstring.base.secrets import decode
from latchstring.base.settings import SigningAlgorithm

_SEGMENTS = 3
_Claims = TypeVar("_Claims")


class _Header(msgspec.Struct, frozen=True):
    """What we look at. ``jku``, ``x5u``, ``jwk`` and ``x5c`` name keys that nobody registered."""

    alg: str
    kid: str | None = None
    typ: str | None = None
    crit: Any = msgspec.UNSET


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Which key is said to have signed what."""

    algorithm: SigningAlgorithm
    key_id: str | None
    signed: bytes
    signature: bytes


def read(
    text: str, claims: type[_Claims], *, longest: int, types: frozenset[str]
) -> tuple[Signature, _Claims]:
    """Return signature and claims; raise ``ValueError`` with the reason where there are none.

    The types are those that may stand in the header, in lower case; none said is ``jwt``.
    """
    segments = text.split(".")
    if len(text) > longest or len(segments) != _SEGMENTS:
        message = "no compact JWS, or too long a one"
        raise ValueError(message)
    try:
        header = msgspec.json.decode(decode(segments[0]), type=_Header)
        found = msgspec.json.decode(decode(segments[1]), type=claims)
        signature = decode(segments[2])
    except (ValueError, RecursionError):
        message = "unreadable header, claims or signature"
        raise ValueError(message) from None
    parts = Signature(
        algorithm=_algorithm(header, types),
        key_id=header.kid,
        signed=f"{segments[0]}.{segments[1]}".encode(),
        signature=signature,
    )
    return parts, found


def _algorithm(header: _Header, types: frozenset[str]) -> SigningAlgorithm:
    """Return the algorithm, of a list that holds neither ``none`` nor one with a shared secret."""
    # RFC 7515 section 4.1.11: what is critical and unknown must be refused, and we know none.
    if header.crit is not msgspec.UNSET:
        message = "crit in its header"
        raise ValueError(message)
    if (header.typ or "JWT").lower().removeprefix("application/") not in types:
        message = "another kind of token"
        raise ValueError(message)
    try:
        return SigningAlgorithm(header.alg)
    except ValueError:
        message = "an algorithm that is not allowed"
        raise ValueError(message) from None
