"""Keys as JSON (RFC 7517), numbers as RFC 7518 section 6 writes them."""

import hashlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from latchstring.base.secrets import decode, encode

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_COORDINATE_BYTES = 32
_THUMBED = ("crv", "e", "kty", "n", "x", "y")


def public_part(key: PublicKey) -> dict[str, str]:
    """Return what anybody may know of a key."""
    if isinstance(key, rsa.RSAPublicKey):
        modulus = key.public_numbers()
        return {"kty": "RSA", "n": _number(modulus.n), "e": _number(modulus.e)}
    point = key.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _coordinate(point.x), "y": _coordinate(point.y)}


def whole(key: PrivateKey) -> dict[str, str]:
    """Return all of a key; seal it before it goes anywhere."""
    public = public_part(key.public_key())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return public | {"d": _coordinate(key.private_numbers().private_value)}
    numbers = key.private_numbers()
    return public | {
        "d": _number(numbers.d),
        "p": _number(numbers.p),
        "q": _number(numbers.q),
        "dp": _number(numbers.dmp1),
        "dq": _number(numbers.dmq1),
        "qi": _number(numbers.iqmp),
    }


def public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """Return the public key that a row of ours tells of."""
    return _point(jwk).public_key() if jwk["kty"] == "EC" else _modulus(jwk).public_key()


def private_key(jwk: Mapping[str, Any]) -> PrivateKey:
    """Return the private key that we sealed; its seal vouches for its numbers."""
    if jwk["kty"] == "EC":
        return ec.EllipticCurvePrivateNumbers(_read(jwk["d"]), _point(jwk)).private_key()
    numbers = rsa.RSAPrivateNumbers(
        p=_read(jwk["p"]),
        q=_read(jwk["q"]),
        d=_read(jwk["d"]),
        dmp1=_read(jwk["dp"]),
        dmq1=_read(jwk["dq"]),
        iqmp=_read(jwk["qi"]),
        public_numbers=_modulus(jwk),
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the digest that identifies a key (RFC 7638 section 3)."""
    needed = {name: jwk[name] for name in _THUMBED if name in jwk}
    return encode(hashlib.sha256(msgspec.json.encode(needed)).digest())


def _modulus(jwk: Mapping[str, Any]) -> rsa.RSAPublicNumbers:
    return rsa.RSAPublicNumbers(_read(jwk["e"]), _read(jwk["n"]))


def _point(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicNumbers:
    return ec.EllipticCurvePublicNumbers(_read(jwk["x"]), _read(jwk["y"]), ec.SECP256R1())


def _number(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8))


def _coordinate(value: int) -> str:
    return encode(value.to_bytes(_COORDINATE_BYTES))


def _read(text: str) -> int:
    return int.from_bytes(decode(text))
