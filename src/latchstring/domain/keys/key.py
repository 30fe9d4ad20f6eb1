"""A signing key: made here, published by half, sealed by the other."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from joserfc.jwk import RSAKey

from latchstring.base.ids import KeyId
from latchstring.base.secrets import Keyring

SEAL = "signing-key"
_BITS = 2048


class Algorithm(StrEnum):
    """What signatures are made with (RFC 7518 section 3)."""

    RS256 = "RS256"


class KeyState(StrEnum):
    """What a key is for at this time."""

    CURRENT = "current"
    """Signs, and is published."""

    PREVIOUS = "previous"
    """Signs no more, and stays published while what it signed is alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key as it is kept: the public half in clear, the private half sealed."""

    id: KeyId
    algorithm: Algorithm
    state: KeyState
    public_jwk: dict[str, Any]
    sealed_private_key: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenKey:
    """A key with its seal broken, in memory only."""

    id: KeyId
    algorithm: Algorithm
    state: KeyState
    public_jwk: dict[str, Any]
    private: RSAKey
    created_at: datetime


def generate(keyring: Keyring, now: datetime) -> SigningKey:
    """Return a new key that signs from now on; its id is its thumbprint (RFC 7638)."""
    private = RSAKey.generate_key(_BITS)
    key_id = KeyId(private.thumbprint())
    public = {"kid": key_id, "use": "sig", "alg": Algorithm.RS256.value}
    return SigningKey(
        id=key_id,
        algorithm=Algorithm.RS256,
        state=KeyState.CURRENT,
        public_jwk=public | dict(private.as_dict(private=False)),
        sealed_private_key=keyring.seal(SEAL, msgspec.json.encode(private.as_dict(private=True))),
        created_at=now,
    )


def unseal(key: SigningKey, keyring: Keyring) -> OpenKey:
    """Return the key ready for use; raise ``UnknownKey`` or ``BrokenSeal``."""
    private = msgspec.json.decode(keyring.unseal(SEAL, key.sealed_private_key))
    return OpenKey(
        id=key.id,
        algorithm=key.algorithm,
        state=key.state,
        public_jwk=key.public_jwk,
        private=RSAKey.import_key(private),
        created_at=key.created_at,
    )
