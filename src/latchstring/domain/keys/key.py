"""A signing key: made here, published by half, sealed by the other."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from latchstring.base.ids import KeyId
from latchstring.base.secrets import Keyring
from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys import jwk, signature

SEAL = "signing-key"


class KeyState(StrEnum):
    """What a key is for at this time; each becomes what stands below it."""

    NEXT = "next"
    """Signs nothing yet, and is published, so that whoever verifies knows it when it does."""

    CURRENT = "current"
    """Signs, and is published."""

    PREVIOUS = "previous"
    """Signs no more, and stays published while what it signed is alive."""


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept: the public half in clear, the private half sealed."""

    id: KeyId
    algorithm: SigningAlgorithm
    state: KeyState
    public_jwk: dict[str, Any]
    sealed_private_key: str
    created_at: datetime
    changed_at: datetime
    """Since when it is in its state."""


def generate(
    algorithm: SigningAlgorithm, state: KeyState, keyring: Keyring, *, now: datetime
) -> SigningKey:
    """Return a new key; its id is its thumbprint (RFC 7638)."""
    private = signature.new_key(algorithm)
    public = jwk.public_part(private.public_key())
    key_id = KeyId(jwk.thumbprint(public))
    return SigningKey(
        id=key_id,
        algorithm=algorithm,
        state=state,
        public_jwk={"kid": key_id, "use": "sig", "alg": algorithm.value} | public,
        sealed_private_key=keyring.seal(SEAL, msgspec.json.encode(jwk.whole(private))),
        created_at=now,
        changed_at=now,
    )


def unseal(key: SigningKey, keyring: Keyring) -> jwk.PrivateKey:
    """Return the private half; raise ``UnknownKey`` or ``BrokenSeal``."""
    return jwk.private_key(msgspec.json.decode(keyring.unseal(SEAL, key.sealed_private_key)))
