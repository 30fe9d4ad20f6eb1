"""Answers as this surface gives them: JSON that nobody keeps, and redirects."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

JSON = "application/json"
SEE_OTHER = 303
"""After a form post the browser must not repeat it at the next address (RFC 9700 section 4.12)."""

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
    return Response(encoded, status, {**_PRIVATE, **(headers or {})}, media_type=JSON)


def public_json(body: bytes, *, max_age: int) -> Response:
    """Return JSON that is the same for everybody."""
    headers = {
        "Cache-Control": f"public, max-age={max_age}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, headers=headers, media_type=JSON)


def see_other(url: str) -> Response:
    """Send the browser on; what is in the address is for this browser alone."""
    headers = {**_PRIVATE, "Location": url, "Referrer-Policy": "same-origin"}
    return Response(status_code=SEE_OTHER, headers=headers)


def with_query(url: str, values: Mapping[str, str | None]) -> str:
    """Return the URL with the values that exist added to its query."""
    query = urlencode({name: value for name, value in values.items() if value is not None})
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"
