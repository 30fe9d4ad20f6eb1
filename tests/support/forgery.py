"""Tokens that Mallory makes by hand, where libraries refuse to; and the keys that she may have."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys.jwk import PrivateKey
from latchstring.domain.keys.signer import Signer


def forged(header: Mapping[str, object], claims: object, secret: bytes | None = None) -> str:
    """A token with any header, signed with HMAC-SHA256 under any bytes, or not at all."""
    signed = f"{_encode(header)}.{_encode(claims)}"
    tag = b"" if secret is None else hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{_base64url(tag)}"


def public_forms(private: PrivateKey) -> list[bytes]:
    """A key's public half, as files hold it."""
    public = private.public_key()
    return [
        public.public_bytes(form, PublicFormat.SubjectPublicKeyInfo)
        for form in (Encoding.PEM, Encoding.DER)
    ]


def private_pem(private: PrivateKey) -> bytes:
    """A whole key, as libraries want it to sign with."""
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def key_of(signer: Signer, algorithm: SigningAlgorithm = SigningAlgorithm.RS256) -> PrivateKey:
    """What the signer signs with."""
    return signer._held.signing[algorithm][1]


def _encode(part: object) -> str:
    return _base64url(json.dumps(part).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
