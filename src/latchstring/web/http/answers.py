"""Answers that more than one surface gives: JSON, redirects, and when to come back."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from urllib.parse import quote, urlencode

import msgspec
from starlette.responses import Response

from latchstring.base.errors import AppError, TooManyRequests, Unavailable

SEE_OTHER = 303
"""After a form post the browser must not repeat it at the next address (RFC 9700 section 4.12)."""

_OF_ADDRESSES = ":/?#[]@!$&'()*+,;=%"
_JSON = "application/json"
_JWT = "application/jwt"
TROUBLE_SECONDS = 2
"""When to come back after trouble of ours."""

_PRIVATE = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "X-Content-Type-Options": "nosniff",
}


def private_json(
    body: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return JSON that no cache keeps (RFC 6749 section 5.1)."""
    encoded = msgspec.json.encode(body)
    return Response(encoded, status, {**_PRIVATE, **(headers or {})}, media_type=_JSON)


def nothing() -> Response:
    """Return a success that has nothing to say."""
    return Response(headers=_PRIVATE)


def private_jwt(token: str) -> Response:
    """Return a signed answer that no cache keeps."""
    return Response(token, headers=_PRIVATE, media_type=_JWT)


def public_json(body: bytes, *, max_age: int) -> Response:
    """Return JSON that is the same for everybody."""
    headers = {
        "Cache-Control": f"public, max-age={max_age}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, headers=headers, media_type=_JSON)


def see_other(url: str) -> Response:
    """Send the browser on; what is in the address is for this browser alone.

    Characters that an address cannot have are written as octets of UTF-8 (RFC 3987 section 3.1).
    """
    location = quote(url, safe=_OF_ADDRESSES)
    headers = {**_PRIVATE, "Location": location, "Referrer-Policy": "same-origin"}
    return Response(status_code=SEE_OTHER, headers=headers)


def with_query(url: str, values: Mapping[str, str | None]) -> str:
    """Return the URL with the values that exist added to its query."""
    query = urlencode({name: value for name, value in values.items() if value is not None})
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def retry_headers(error: AppError, now: datetime) -> dict[str, str]:
    """Return when to come back: whole seconds, rounded up, so that coming then is not too early."""
    if isinstance(error, Unavailable):
        return {"Retry-After": str(TROUBLE_SECONDS)}
    if not isinstance(error, TooManyRequests):
        return {}
    return {
        "Retry-After": str(max(1, ceil((error.until - now).total_seconds()))),
        "X-RateLimit-Limit": str(error.allowed),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(ceil(error.until.timestamp())),
    }
