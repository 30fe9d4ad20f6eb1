"""A request object: an authorization request that a client signed (RFC 9101, OIDC Core 6).

Everything but the signature, for which a flow asks others.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

import msgspec

from latchstring.base.errors import ClientRefused
from latchstring.domain.clients import jws
from latchstring.domain.clients.jws import Signature

LONGEST = 16 * 1024
_LEEWAY = timedelta(seconds=60)
_TYPES = frozenset({"jwt", "oauth-authz-req+jwt"})
_NESTED = ("request", "request_uri")


class RequestObjectRefused(ClientRefused):
    """The request object is not valid."""


class Claims(msgspec.Struct, frozen=True):
    """What is said of the object itself, beside the parameters."""

    client_id: str
    iss: str | None = None
    sub: str | None = None
    aud: str | list[str] | None = None
    exp: float | None = None
    nbf: float | None = None


class RequestObject(msgspec.Struct, frozen=True, kw_only=True):
    """What came, with nothing proven yet."""

    signature: Signature
    claims: Claims
    members: Mapping[str, Any]
    """All of it, the parameters among them."""


def read(text: str) -> RequestObject:
    """Return the request object that a text is; raise ``RequestObjectRefused``."""
    try:
        signature, members = jws.read(text, dict[str, Any], longest=LONGEST, types=_TYPES)
        claims = msgspec.convert(members, Claims)
    except msgspec.ValidationError:
        _refuse("client_id is missing, or a claim is of another type")
    except ValueError as fault:
        _refuse(str(fault))
    for name in _NESTED:
        if name in members:
            _refuse(f"{name} inside a request object")
    return RequestObject(signature=signature, claims=claims, members=members)


def check(came: RequestObject, *, client_id: str, issuer: str, now: datetime) -> None:
    """Raise ``RequestObjectRefused`` unless this client made it for us, and it holds now."""
    claims = came.claims
    if claims.client_id != client_id or claims.iss not in (None, client_id):
        _refuse("made by another client")
    # RFC 9101 section 10.8: with a sub it might be an assertion by which the client proves itself.
    if claims.sub is not None:
        _refuse("sub in a request object")
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if audiences is not None and issuer not in audiences:
        _refuse("made for another audience")
    moment = now.timestamp()
    if claims.exp is not None and claims.exp <= moment:
        _refuse("expired")
    if claims.nbf is not None and claims.nbf > moment + _LEEWAY.total_seconds():
        _refuse("not good yet")


def _refuse(reason: str) -> NoReturn:
    raise RequestObjectRefused(f"The request object was refused: {reason}.")
