"""The seam where a ticket at ``/authorize`` becomes a session, before anybody looks for one.

``/co/authenticate`` gives tickets to applications' own pages; who takes them stands on another
surface, and the roof hands it in.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.domain.clients.client import Client
from latchstring.domain.sessions.session import Session


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that was just signed in: its session, and what puts its cookies into an answer."""

    session: Session
    settle: Callable[[Response], None]


class TakeTicket(Protocol):
    """Turns a ticket into a session, once."""

    async def __call__(
        self, request: Request, client: Client, ticket: str
    ) -> Arrival | Response | None:
        """Return the arrival, a page that has to be shown first, or nothing for a bad ticket.

        After nothing the request goes on as if it had come without a ticket. A refusal for the
        application is raised as ``AuthorizeRefused``.
        """
