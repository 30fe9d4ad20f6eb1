"""A client's signed word that it is who it says: private_key_jwt (RFC 7523, OpenID Connect Core 9).

Everything but the signature and the single use, for which a flow asks others.
"""

from datetime import datetime, timedelta
from typing import Any, NoReturn

import msgspec

from latchstring.base.errors import ClientRefused
from latchstring.base.secrets import decode
from latchstring.base.settings import SigningAlgorithm

LONGEST = 8192
_LEEWAY = timedelta(seconds=60)
_LONGEST_LIFE = timedelta(minutes=10)
_LONGEST_LIFE_USED_ONCE = timedelta(hours=1)
"""Authlib's assertions last an hour. That is borne where a ``jti`` makes them good for one call."""

_LONGEST_ID = 255
_SEGMENTS = 3
_TYPES = frozenset({"jwt", "client-authentication+jwt"})


class AssertionRefused(ClientRefused):
    """Client authentication failed."""


class _Header(msgspec.Struct, frozen=True):
    """What we look at. ``jku``, ``x5u``, ``jwk`` and ``x5c`` name keys that nobody registered."""

    alg: str
    kid: str | None = None
    typ: str | None = None
    crit: Any = msgspec.UNSET


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
    segments = text.split(".")
    if len(text) > LONGEST or len(segments) != _SEGMENTS:
        _refuse("no compact JWS, or too long a one")
    try:
        header = msgspec.json.decode(decode(segments[0]), type=_Header)
        claims = msgspec.json.decode(decode(segments[1]), type=_Claims)
        signature = decode(segments[2])
    except (ValueError, RecursionError):
        _refuse("unreadable header, claims or signature")
    if claims.iss != claims.sub:
        _refuse("iss and sub differ")
    if claims.jti is not None and not 0 < len(claims.jti) <= _LONGEST_ID:
        _refuse("an empty jti, or too long a one")
    return Assertion(
        client_id=claims.sub,
        algorithm=_algorithm(header),
        key_id=header.kid,
        audiences=(claims.aud,) if isinstance(claims.aud, str) else tuple(claims.aud),
        expires_at=claims.exp,
        not_before=max(claims.iat or 0.0, claims.nbf or 0.0),
        jti=claims.jti,
        signed=f"{segments[0]}.{segments[1]}".encode(),
        signature=signature,
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


def _algorithm(header: _Header) -> SigningAlgorithm:
    """Return the algorithm, of a list that holds neither ``none`` nor one with a shared secret."""
    # RFC 7515 section 4.1.11: what is critical and unknown must be refused, and we know none.
    if header.crit is not msgspec.UNSET:
        _refuse("crit in its header")
    kind = (header.typ or "JWT").lower().removeprefix("application/")
    if kind not in _TYPES:
        _refuse("another kind of token")
    try:
        return SigningAlgorithm(header.alg)
    except ValueError:
        _refuse("an algorithm that is not allowed")


def _refuse(reason: str) -> NoReturn:
    raise AssertionRefused(detail=f"client assertion: {reason}")
