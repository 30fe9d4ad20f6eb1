"""The pushed authorization request: sent by the application itself, fetched once by a browser."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from latchstring.base.ids import ClientId
from latchstring.base.secrets import digest, random_token

LIFETIME = timedelta(seconds=60)
"""How long the browser may take to bring it (RFC 9126 section 2.2: 5 to 600 seconds)."""

_PREFIX = "urn:ietf:params:oauth:request_uri:"
_FORM = re.compile(re.escape(_PREFIX) + r"[A-Za-z0-9_-]{43}")


class PushedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A pushed request as it is kept: by digest, so that a dump of the database holds none."""

    uri_digest: str
    client_id: ClientId
    parameters: Mapping[str, str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def push(
    client_id: ClientId, parameters: Mapping[str, str], *, now: datetime
) -> tuple[str, PushedRequest]:
    """Return the new ``request_uri``, which nobody can guess, and what is kept of it."""
    uri = _PREFIX + random_token()
    return uri, PushedRequest(
        uri_digest=digest(uri),
        client_id=client_id,
        parameters=parameters,
        created_at=now,
        expires_at=now + LIFETIME,
        used_at=None,
    )


def is_well_formed(uri: str) -> bool:
    """Whether the text can be one of ours; anything else is refused without a look-up."""
    return _FORM.fullmatch(uri) is not None
