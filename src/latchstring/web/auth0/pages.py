"""What this surface asks of the hosted pages; the roof hands in who draws them."""

from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.domain.clients.client import Client
from latchstring.web.http.sentence import Sentence


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """For the application's developer, shown in ``dev`` alone: what came and what is registered."""

    summary: str
    parameter: str
    came: str
    registered: tuple[str, ...] = ()


class Pressing(msgspec.Struct, frozen=True, kw_only=True):
    """Who is about to be signed in, and where the one button leads."""

    identifier: str
    signed_in_as: str | None
    """Somebody else whom this browser is signed in as: a press would end that."""

    action: str
    csrf: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The application's page that is asked for a verifier, and where that goes."""

    page: str
    co_id: str
    action: str
    csrf: str


class Pages(Protocol):
    """Draws what a person sees on the way of Auth0's browser SDKs."""

    def error(
        self,
        request: Request,
        sentence: Sentence,
        *,
        status: int,
        client: Client | None = None,
        developer: Detail | None = None,
    ) -> Response:
        """Say in one sentence that it went wrong, and offer the way back where one is known."""

    def confirm_code(self, request: Request, client: Client, pressing: Pressing) -> Response:
        """Ask before a code that came in an address signs this browser in."""

    def verify_browser(
        self, request: Request, client: Client, verification: Verification
    ) -> Response:
        """Ask the application's page, in a frame, for what only its browser has."""
