"""Sign claims, and recognize what we signed."""

from binascii import b2a_base64
from collections.abc import Container, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from latchstring.base.errors import Unavailable
from latchstring.base.ids import KeyId
from latchstring.base.secrets import BrokenSeal, Keyring, UnknownKey, decode
from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys import jwk, jwks, signature
from latchstring.domain.keys.key import KeyState, SigningKey, unseal

_LONGEST = 64 * 1024
"""As long as a whole form: a token tells of every scope that an API has."""


class TokenKind(StrEnum):
    """What a token says it is, as ``typ``: none is taken for another (RFC 8725 section 3.11)."""

    ID_TOKEN = "JWT"  # noqa: S105 - a media type
    ACCESS_TOKEN = "at+jwt"  # noqa: S105 - a media type (RFC 9068)
    LOGOUT_TOKEN = "logout+jwt"  # noqa: S105 - a media type (OpenID Back-Channel Logout 2.4)
    USERINFO = ""
    """Says nothing: no name is registered, and verifiers refuse those that they do not know."""


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class OpenKey(msgspec.Struct, frozen=True):
    """A key ready for use, in memory only."""

    id: KeyId
    headers: Mapping[TokenKind, bytes]
    """The first segment of every token of a kind that it signs."""

    public: jwk.PublicKey
    private: jwk.PrivateKey | None
    """Nothing where the key file lacks the version that it was sealed under."""


class _Held(msgspec.Struct, frozen=True):
    document: bytes
    signing: Mapping[SigningAlgorithm, tuple[OpenKey, jwk.PrivateKey]]
    by_header: Mapping[bytes, tuple[TokenKind, OpenKey]]
    by_id: Mapping[KeyId, OpenKey]


class Signer:
    """Holds the open keys; whoever holds the signer sees at once when they are replaced."""

    __slots__ = ("_held", "_keyring")

    def __init__(self, keyring: Keyring) -> None:
        """Open keys with this keyring; there are none until the first ``replace``."""
        self._keyring = keyring
        self._held = _Held(b"", {}, {}, {})

    def replace(
        self,
        keys: Sequence[SigningKey],
        published: Container[SigningAlgorithm] = frozenset(SigningAlgorithm),
    ) -> list[KeyId]:
        """Use these keys from now on; return which of those that should sign cannot be opened.

        In the place of one that cannot, the newest signs that can and is still published. The key
        set holds keys of the ``published`` algorithms alone.
        """
        opened = {key.id: self._held.by_id.get(key.id) or self._open(key) for key in keys}
        signing: dict[SigningAlgorithm, tuple[OpenKey, jwk.PrivateKey]] = {}
        for key in sorted(keys, key=lambda key: (key.state is KeyState.CURRENT, key.changed_at)):
            found = opened[key.id]
            if key.state is not KeyState.NEXT and found.private is not None:
                signing[key.algorithm] = found, found.private
        self._held = _Held(
            document=jwks.document(keys, published),
            signing=signing,
            by_header={
                header: (kind, key)
                for key in opened.values()
                for kind, header in key.headers.items()
            },
            by_id=opened,
        )
        return [
            key.id
            for key in keys
            if key.state is KeyState.CURRENT and opened[key.id].private is None
        ]

    @property
    def document(self) -> bytes:
        """The published key set."""
        return self._held.document

    def key_id(self, algorithm: SigningAlgorithm = SigningAlgorithm.RS256) -> KeyId:
        """Return the key that signs; raise ``Unavailable`` without one."""
        return self._signing(algorithm)[0].id

    def sign(
        self,
        claims: Mapping[str, object],
        algorithm: SigningAlgorithm = SigningAlgorithm.RS256,
        kind: TokenKind = TokenKind.ID_TOKEN,
    ) -> str:
        """Return the claims as a signed JWT (RFC 7515 section 3.1); from any thread."""
        key, private = self._signing(algorithm)
        signed = b"%b.%b" % (key.headers[kind], _segment(msgspec.json.encode(claims)))
        token = b"%b.%b" % (signed, _segment(signature.sign(private, signed)))
        return token.decode("ascii")

    def recognize(self, token: str, kind: TokenKind = TokenKind.ID_TOKEN) -> dict[str, Any] | None:
        """Return the claims of a token of ours of this kind, however old, or nothing.

        Nothing in its header is read: it must be, to the letter, the one that a key of ours
        writes. So no token can name its own algorithm, key or kind (RFC 8725 section 3.1).
        """
        if len(token) > _LONGEST or not token.isascii():
            return None
        signed, _, sealed = token.rpartition(".")
        header, _, payload = signed.partition(".")
        found, key = self._held.by_header.get(header.encode(), (None, None))
        if key is None or found is not kind:
            return None
        try:
            if not signature.is_genuine(key.public, decode(sealed), signed.encode()):
                return None
            claims = msgspec.json.decode(decode(payload))
        except ValueError:
            return None
        return claims if isinstance(claims, dict) else None

    def _signing(self, algorithm: SigningAlgorithm) -> tuple[OpenKey, jwk.PrivateKey]:
        try:
            return self._held.signing[algorithm]
        except KeyError:
            raise Unavailable(detail=f"no key can sign with {algorithm}") from None

    def _open(self, key: SigningKey) -> OpenKey:
        try:
            private = unseal(key, self._keyring)
        except (UnknownKey, BrokenSeal):
            private = None
        said = {"alg": key.algorithm.value, "kid": key.id}
        headers = {
            kind: _segment(msgspec.json.encode({"typ": kind} | said if kind else said))
            for kind in TokenKind
        }
        return OpenKey(key.id, headers, jwk.public_key(key.public_jwk), private)


def _segment(data: bytes) -> bytes:
    """Return base64url without padding, as bytes; for the hot path."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")
