"""A client's signed word that it is who it says: private_key_jwt (RFC 7523, OpenID Connect Core 9).

Everything but the signature and the single use, for which a flow asks others.
"""

from datetime import datetime, timedelta
from typing import NoReturn

import msgspec

from latchstring.base.errors import ClientRefused
from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.clients import jws

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""What comes beside an assertion, as ``client_assertion_type`` (RFC 7523 section 2.2)."""

LONGEST = 8192
_LEEWAY = timedelta(seconds=60)
_LONGEST_LIFE = timedelta(minutes=10)
_LONGEST_LIFE_USED_ONCE = timedelta(hours=1)
"""Authlib's assertions last an hour. That is borne where a ``jti`` makes them good for one call."""

_LONGEST_ID = 255
_TYPES = frozenset({"jwt", "client-authentication+jwt"})


class AssertionRefused(ClientRefused):
    """Client authentication failed."""


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float | None = None
    nbf: float | None = None
    jti: str | None = None


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """What came, with nothing proven yet."""

    client_id: str
    algorithm: SigningAlgorithm
    key_id: str | None
    audiences: tuple[str, ...]
    expires_at: float
    not_before: float
    jti: str | None
    signed: bytes
    signature: bytes


def read(text: str) -> Assertion:
    """Return the assertion that a text is; raise ``AssertionRefused``."""
    try:
        parts, claims = jws.read(text, _Claims, longest=LONGEST, types=_TYPES)
    except ValueError as fault:
        _refuse(str(fault))
    if claims.iss != claims.sub:
        _refuse("iss and sub differ")
    if claims.jti is not None and not 0 < len(claims.jti) <= _LONGEST_ID:
        _refuse("an empty jti, or too long a one")
    return Assertion(
        client_id=claims.sub,
        algorithm=parts.algorithm,
        key_id=parts.key_id,
        audiences=(claims.aud,) if isinstance(claims.aud, str) else tuple(claims.aud),
        expires_at=claims.exp,
        not_before=max(claims.iat or 0.0, claims.nbf or 0.0),
        jti=claims.jti,
        signed=parts.signed,
        signature=parts.signature,
    )


def check(assertion: Assertion, audiences: frozenset[str], now: datetime) -> None:
    """Raise ``AssertionRefused`` unless it was made for one of these audiences, and holds now."""
    if audiences.isdisjoint(assertion.audiences):
        _refuse("made for another audience")
    moment = now.timestamp()
    if assertion.expires_at <= moment:
        _refuse("expired")
    life = _LONGEST_LIFE if assertion.jti is None else _LONGEST_LIFE_USED_ONCE
    if assertion.expires_at > moment + (life + _LEEWAY).total_seconds():
        _refuse("expires too late")
    if assertion.not_before > moment + _LEEWAY.total_seconds():
        _refuse("made in the future")


def _refuse(reason: str) -> NoReturn:
    raise AssertionRefused(detail=f"client assertion: {reason}")
