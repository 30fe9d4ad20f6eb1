"""Signatures over bytes: RS256 and ES256 (RFC 7518 sections 3.3 and 3.4), straight from OpenSSL.

Both leave the interpreter to other threads while they compute.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys.jwk import PrivateKey, PublicKey

_RSA_BITS = 2048
_RSA_EXPONENT = 65537
_HALF = 32

_SHA256 = SHA256()
_PKCS1 = padding.PKCS1v15()
_ECDSA = ec.ECDSA(_SHA256)


def new_key(algorithm: SigningAlgorithm) -> PrivateKey:
    """Return a new key; one for RS256 takes a tenth of a second to find."""
    if algorithm is SigningAlgorithm.RS256:
        return rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Return the signature, in the one algorithm that a key of this kind has."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, _PKCS1, _SHA256)
    left, right = decode_dss_signature(key.sign(data, _ECDSA))
    return left.to_bytes(_HALF) + right.to_bytes(_HALF)


def is_genuine(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether the private half of this key signed the data."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, _PKCS1, _SHA256)
        elif len(signature) == 2 * _HALF:
            halves = int.from_bytes(signature[:_HALF]), int.from_bytes(signature[_HALF:])
            key.verify(encode_dss_signature(*halves), data, _ECDSA)
        else:
            return False
    except InvalidSignature:
        return False
    return True
