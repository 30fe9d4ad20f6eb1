"""The login ticket and how it is made."""

from datetime import datetime, timedelta

import msgspec

from latchstring.base.ids import ClientId, ConnectionName, UserId
from latchstring.base.secrets import digest, random_token

LIFETIME = timedelta(minutes=2)
"""The page goes on at once; what is slower than this is not the page."""

_PUBLIC_LENGTH = 16


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """Who proved an identifier, to which application, how and when."""

    client_id: ClientId
    user_id: UserId
    connection: ConnectionName
    identifier: str
    amr: tuple[str, ...]
    authenticated_at: datetime


class LoginTicket(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a ticket: digests, and what it stands for."""

    ticket_digest: str
    co_id: str
    """Its public name, under which the page keeps the verifier."""

    cookie_digest: str
    verifier_digest: str
    client_id: ClientId
    user_id: UserId
    connection: ConnectionName
    identifier: str
    amr: tuple[str, ...]
    authenticated_at: datetime
    expires_at: datetime
    used_at: datetime | None

    def is_good(self, client_id: ClientId, now: datetime) -> bool:
        """Whether this client could still use it."""
        return self.used_at is None and now < self.expires_at and self.client_id == client_id


class Issued(msgspec.Struct, frozen=True):
    """A new ticket as its page gets it, and what is kept of it."""

    ticket: str
    verifier: str
    row: LoginTicket


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that came back, and what came with it: one of the two is enough."""

    ticket: str
    client_id: ClientId
    cookie: str | None = None
    verifier: str | None = None


def issue(proven: Proven, cookie: str, *, now: datetime) -> Issued:
    """Return a new ticket for the browser that will have this cookie."""
    ticket, verifier = random_token(), random_token()
    row = LoginTicket(
        ticket_digest=digest(ticket),
        co_id=random_token()[:_PUBLIC_LENGTH],
        cookie_digest=digest(cookie),
        verifier_digest=digest(verifier),
        client_id=proven.client_id,
        user_id=proven.user_id,
        connection=proven.connection,
        identifier=proven.identifier,
        amr=proven.amr,
        authenticated_at=proven.authenticated_at,
        expires_at=now + LIFETIME,
        used_at=None,
    )
    return Issued(ticket, verifier, row)
