"""Tokens that Mallory makes by hand: libraries refuse to."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping


def forged(header: Mapping[str, object], claims: object, secret: bytes | None = None) -> str:
    """A token with any header, signed with HMAC-SHA256 under any bytes, or not at all."""
    signed = f"{_encode(header)}.{_encode(claims)}"
    tag = b"" if secret is None else hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{_base64url(tag)}"


def _encode(part: object) -> str:
    return _base64url(json.dumps(part).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
