"""The token that lets applications register themselves, and what such an application said."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from latchstring.base import secrets
from latchstring.base.errors import Forbidden, InvalidRequest
from latchstring.base.ids import ClientId, new_id

MOST_USES = 1000
LONGEST_LIFE = timedelta(days=365)


class RegistrationRefused(Forbidden):
    """The token is not valid, or is used up."""


class RegistrationToken(msgspec.Struct, frozen=True, kw_only=True):
    """What lets somebody register so many applications: RFC 7591's initial access token."""

    id: str
    token_digest: str
    uses_left: int
    created_at: datetime
    expires_at: datetime


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """An application that registered itself."""

    client_id: ClientId
    token_digest: str
    """Of the token with which it may read, change and end its registration (RFC 7592)."""

    registration_token_id: str
    metadata: dict[str, Any]
    """As it is told back; no secret."""

    created_at: datetime
    changed_at: datetime

    @property
    def request_uris(self) -> tuple[str, ...]:
        """Where it may have its authorization requests fetched from."""
        return tuple(self.metadata.get("request_uris", ()))

    @property
    def request_object_signing_alg(self) -> str | None:
        """The one algorithm of such requests, where it named one."""
        return self.metadata.get("request_object_signing_alg")

    def opens(self, token: str) -> bool:
        """Whether this token is the application's own."""
        return secrets.equal(secrets.digest(token), self.token_digest)


def new_token(*, uses: int, life: timedelta, now: datetime) -> tuple[str, RegistrationToken]:
    """Return a new token and what is kept of it; raise ``InvalidRequest``."""
    if not 1 <= uses <= MOST_USES:
        raise InvalidRequest(f"uses: must be 1 to {MOST_USES}", field="uses")
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise InvalidRequest("expires: must be between a second and a year", field="expires")
    token = secrets.random_token()
    kept = RegistrationToken(
        id=new_id("reg", now),
        token_digest=secrets.digest(token),
        uses_left=uses,
        created_at=now,
        expires_at=now + life,
    )
    return token, kept
