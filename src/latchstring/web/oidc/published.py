"""A request that the client published at its ``request_uri`` and signed (RFC 9101)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from latchstring.base.errors import Unavailable
from latchstring.domain.clients.client import Client
from latchstring.domain.clients.request_object import RequestObjectRefused
from latchstring.flows.fetch_request_object import FetchRequestObject, RequestUriRefused
from latchstring.web.oidc.asked import Asked
from latchstring.web.oidc.errors import AuthorizeRefused, row_of


async def read(fetch: FetchRequestObject, came: Asked, client: Client) -> Asked:
    """Return what the client signed, and nothing else; raise ``AuthorizeRefused``.

    What stands in the URL was signed by nobody: a person or a page in between may have changed it.
    """
    try:
        asked = _as_asked(await fetch(client, came.request_uri or ""))
    except (RequestUriRefused, RequestObjectRefused, Unavailable) as refused:
        code, description = row_of(refused).error, str(refused)
        raise AuthorizeRefused(code, description, field="request_uri") from None
    # OpenID Connect Core 6.1; RFC 9101 section 5 lets it be absent outside.
    if came.response_type is not None and came.response_words != asked.response_words:
        raise _invalid("response_type differs from the one in the request object.")
    return asked


def _as_asked(members: Mapping[str, Any]) -> Asked:
    """Return the parameters that mean something here; ``null`` and ``""`` are absent."""
    return Asked(**{name: _text(name, members.get(name)) for name in Asked.__struct_fields__})


def _text(name: str, value: object) -> str | None:
    """Return a parameter as it would stand in a query (OpenID Connect Core 6.1)."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    raise _invalid(f"{name} is neither text, number nor object in the request object.")


def _invalid(description: str) -> AuthorizeRefused:
    return AuthorizeRefused("invalid_request_object", description, field="request_uri")
