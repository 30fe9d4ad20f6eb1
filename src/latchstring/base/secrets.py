"""Random tokens, keyed digests, constant-time comparison, and sealing under the key file's keys.

A dump of the database must reveal nothing usable. Long random tokens are stored as plain SHA-256
digests; short codes only as digests keyed from here; what we must read back is sealed, by
AES-256-GCM.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class UnknownKey(LookupError):
    """The key version is not in the key file."""


class BrokenSeal(ValueError):
    """The sealed text was changed, or sealed under another key."""


def encode(data: bytes) -> str:
    """Return base64url without padding (RFC 4648 section 5)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of unpadded base64url; raise ``ValueError`` for anything not canonical.

    Python's decoder skips foreign characters and ignores stray bits; two spellings of one token
    would then pass, so the result must encode to the very same text.
    """
    data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if encode(data) != text:
        message = "not canonical base64url"
        raise ValueError(message)
    return data


def random_token() -> str:
    """Return 256 random bits as 43 characters."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return the SHA-256 of a long random token; never use it for a short code."""
    return encode(hashlib.sha256(token.encode()).digest())


def equal(left: str, right: str) -> bool:
    """Compare in time that does not depend on where the two differ."""
    return hmac.compare_digest(left.encode(), right.encode())


@dataclass(frozen=True, slots=True)
class Keyring:
    """The versioned secret keys of an installation, which live outside its database."""

    versions: Mapping[int, bytes] = field(repr=False)
    in_use: int | None = None
    """Under which one new secrets are made; without saying so, under the newest."""

    @property
    def current(self) -> int:
        """The version new secrets are made under."""
        return self.in_use or max(self.versions)

    def mac(self, label: str, data: bytes, *, version: int | None = None) -> bytes:
        """Return HMAC-SHA256 over label and data; labels keep the purposes apart.

        Raises ``UnknownKey`` for a version that the key file does not hold.
        """
        key = self._key(self.current if version is None else version)
        return hmac.digest(key, label.encode() + b"\0" + data, "sha256")

    def seal(self, label: str, plaintext: bytes) -> str:
        """Return ``version.base64url`` that only this keyring and label open again."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        version = self.current
        sealed = self._cipher(label, version).encrypt(nonce, plaintext, label.encode())
        return f"{version}.{encode(nonce + sealed)}"

    def unseal(self, label: str, sealed: str) -> bytes:
        """Return the plaintext; raise ``BrokenSeal`` or ``UnknownKey``."""
        version, _, body = sealed.partition(".")
        data = decode(body)
        cipher = self._cipher(label, int(version))
        try:
            return cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], label.encode())
        except InvalidTag:
            raise BrokenSeal(label) from None

    def _cipher(self, label: str, version: int) -> AESGCM:
        # A key of its own per label: the MAC key never doubles as an encryption key.
        return AESGCM(hmac.digest(self._key(version), b"seal\0" + label.encode(), "sha256"))

    def _key(self, version: int) -> bytes:
        try:
            return self.versions[version]
        except KeyError:
            raise UnknownKey(version) from None
