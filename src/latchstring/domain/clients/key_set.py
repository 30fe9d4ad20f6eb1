"""The public keys of a client: a JSON Web Key Set that a stranger wrote (RFC 7517)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from latchstring.base.secrets import decode
from latchstring.base.settings import SigningAlgorithm

LARGEST = 64 * 1024
_MOST_KEYS = 50
_MOST_TRIED = 8
"""Anybody can have us try keys, and fifty large ones cost a twentieth of a second. Whoever has
several names the one that signed (OpenID Connect Core 10.1)."""

_MOST_BITS, _LEAST_BITS = 8192, 2048
_LONGEST_EXPONENT = 33
"""Bits. A longer one costs us time at each check, and nobody needs one."""

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class ClientKey(msgspec.Struct, frozen=True):
    """A key that may have signed."""

    id: str | None
    algorithm: SigningAlgorithm
    public: PublicKey


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[Any]


def read_key_set(text: str | bytes) -> tuple[ClientKey, ...]:
    """Return the keys that we can check signatures with; raise ``ValueError`` for no key set.

    Others are passed over, as RFC 7517 section 5 has it.
    """
    fault = ValueError("not a JSON Web Key Set, or too large a one")
    if len(text) > LARGEST:
        raise fault
    try:
        keys = msgspec.json.decode(text, type=_KeySet).keys
    except (ValueError, RecursionError):
        raise fault from None
    if len(keys) > _MOST_KEYS:
        raise fault
    found = [_key(member) for member in keys if isinstance(member, dict)]
    return tuple(key for key in found if key is not None)


def fitting(
    keys: tuple[ClientKey, ...], algorithm: SigningAlgorithm, key_id: str | None
) -> list[ClientKey]:
    """Return the keys that may have signed what names this algorithm and key, a few at most."""
    found = [
        key
        for key in keys
        if key.algorithm is algorithm and (key_id is None or key.id in (None, key_id))
    ]
    return sorted(found, key=lambda key: key.id != key_id)[:_MOST_TRIED]


def _key(jwk: Mapping[str, Any]) -> ClientKey | None:
    """Return the key, of the one algorithm that its type allows; nothing for one we cannot use."""
    if jwk.get("use", "sig") != "sig":
        return None
    try:
        if jwk.get("kty") == "RSA":
            found: PublicKey = _rsa(jwk)
            algorithm = SigningAlgorithm.RS256
        elif (jwk.get("kty"), jwk.get("crv")) == ("EC", "P-256"):
            found = _point(jwk)
            algorithm = SigningAlgorithm.ES256
        else:
            return None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    if jwk.get("alg", algorithm) != algorithm:
        return None
    key_id = jwk.get("kid")
    return ClientKey(key_id if isinstance(key_id, str) else None, algorithm, found)


def _rsa(jwk: Mapping[str, Any]) -> rsa.RSAPublicKey:
    exponent, modulus = _number(jwk["e"]), _number(jwk["n"])
    if not _LEAST_BITS <= modulus.bit_length() <= _MOST_BITS:
        message = "too short or too long"
        raise ValueError(message)
    if exponent.bit_length() > _LONGEST_EXPONENT:
        message = "too long an exponent"
        raise ValueError(message)
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _point(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    numbers = ec.EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), ec.SECP256R1())
    return numbers.public_key()


def _number(text: str) -> int:
    return int.from_bytes(decode(text))
