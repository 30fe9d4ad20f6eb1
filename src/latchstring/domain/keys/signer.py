"""Sign claims, and recognize what we signed."""

from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from latchstring.base.ids import KeyId
from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys.key import KeyState, OpenKey

_TYPE = "JWT"
_LONGEST = 8192


class Signer:
    """Holds the open keys: the newest current one signs, every one of them recognizes."""

    __slots__ = ("_current", "_keys")

    def __init__(self, keys: Sequence[OpenKey]) -> None:
        """Take every published key, at least one of them current."""
        current = [key for key in keys if key.state is KeyState.CURRENT]
        self._current = max(current, key=lambda key: key.created_at)
        self._keys: Mapping[str, OpenKey] = {key.id: key for key in keys}

    @property
    def key_id(self) -> KeyId:
        """The key that signs."""
        return self._current.id

    @property
    def public_jwks(self) -> list[dict[str, Any]]:
        """The public half of every key, the signing one first."""
        ordered = sorted(self._keys.values(), key=lambda key: key is not self._current)
        return [key.public_jwk for key in ordered]

    def sign(
        self,
        claims: Mapping[str, object],
        _algorithm: SigningAlgorithm = SigningAlgorithm.RS256,
    ) -> str:
        """Return the claims as a signed JWT."""
        key = self._current
        header = {"alg": key.algorithm.value, "typ": _TYPE, "kid": key.id}
        return jwt.encode(header, dict(claims), key.private, algorithms=[key.algorithm.value])

    def recognize(self, token: str) -> dict[str, Any] | None:
        """Return the claims of an ID token of ours, however old, or nothing.

        The key comes from our own by its id and brings its one algorithm: what the header says of
        algorithms, key locations or embedded keys is never followed (RFC 8725 section 3.1).
        """
        if len(token) > _LONGEST:
            return None
        try:
            header = jws.extract_compact(token.encode()).headers()
            key = self._keys.get(str(header.get("kid")))
            if key is None or header.get("typ") != _TYPE:
                return None
            return jwt.decode(token, key.private, algorithms=[key.algorithm.value]).claims
        except (JoseError, ValueError, TypeError, KeyError):
            return None
