"""What a client with keys of its own signs, and the address where it publishes them.

PyJWT writes the assertions, except those that no library would write.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from latchstring.base.outbound import LARGEST_ANSWER, Answer, OutboundError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(name: str = "alice") -> rsa.RSAPrivateKey:
    """One of each name, as making them takes longer than most tests."""
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key(name: str = "alice") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: Private, kid: str | None = "k1") -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        jwk = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    else:
        jwk = json.loads(ECAlgorithm.to_jwk(key.public_key()))
    return {**jwk, **({} if kid is None else {"kid": kid}), "use": "sig"}


def key_set(*keys: Private) -> str:
    """Keys k1, k2 … as a client's ``jwks``."""
    jwks = [public_jwk(key, f"k{number}") for number, key in enumerate(keys, 1)]
    return json.dumps({"keys": jwks})


def claims(now: datetime, client_id: str, audience: str, **changes: Any) -> dict[str, Any]:
    moment = int(now.timestamp())
    values = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": moment,
        "exp": moment + 60,
        "jti": str(uuid4()),
    }
    return {name: found for name, found in (values | changes).items() if found is not None}


def signed(key: Private, members: Mapping[str, Any], **header: Any) -> str:
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    headers = {"kid": "k1"} | header
    found = {name: value for name, value in headers.items() if value is not None}
    return jwt.encode(dict(members), key, algorithm, headers=found)


def private_pem(key: Private) -> str:
    form = PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def by_hand(header: Mapping[str, Any], members: Mapping[str, Any], signature: bytes = b"") -> str:
    """A token that no library would write."""
    parts = (json.dumps(header).encode(), json.dumps(members).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def public_texts(key: Private) -> dict[str, bytes]:
    """A public key in the forms that a confused verifier would take for a shared secret."""
    public = key.public_key()
    form = PublicFormat.SubjectPublicKeyInfo
    return {
        "PEM": public.public_bytes(Encoding.PEM, form),
        "DER": public.public_bytes(Encoding.DER, form),
        "JWK": json.dumps(public_jwk(key)).encode(),
    }


@dataclass
class PublishedKeys:
    """The addresses of clients, and who was called."""

    answers: dict[str, Answer | OutboundError] = field(default_factory=dict)
    called: list[tuple[str, bool]] = field(default_factory=list)
    """Addresses, and whether they were trusted."""

    def publish(self, url: str, text: str, status: int = 200) -> None:
        self.answers[url] = Answer(status, {}, text.encode())

    def break_off(self, url: str) -> None:
        self.answers[url] = OutboundError("cannot connect")

    async def get(self, url: str, *, trusted: bool, limit: int = LARGEST_ANSWER) -> Answer:
        self.called.append((url, trusted))
        answer = self.answers.get(url, OutboundError("cannot connect"))
        if isinstance(answer, OutboundError):
            raise answer
        return answer

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, trusted: bool, limit: int = LARGEST_ANSWER
    ) -> Answer:
        raise AssertionError("keys are fetched, not posted to")
