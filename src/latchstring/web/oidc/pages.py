"""What this surface asks of the hosted pages; the roof hands in who draws them."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.domain.clients.client import Client
from latchstring.domain.sessions.session import Session
from latchstring.web.http.sentence import Sentence


class DeveloperDetail(msgspec.Struct, frozen=True, kw_only=True):
    """For the application's developer, shown in ``dev`` alone: what came and what is registered."""

    summary: str
    parameter: str
    came: str
    registered: tuple[str, ...] = ()


class Pages(Protocol):
    """Draws what a person sees where the protocol has no answer for the application."""

    def error(
        self,
        request: Request,
        sentence: Sentence,
        *,
        status: int,
        client: Client | None = None,
        developer: DeveloperDetail | None = None,
    ) -> Response:
        """Say in one sentence that it went wrong, and offer the way back where one is known."""

    def sign_in_over(self, request: Request, *, client: Client | None) -> Response:
        """Say that this sign-in is over and offer to start another."""

    def post_back(
        self,
        request: Request,
        client: Client,
        *,
        action: str,
        fields: Sequence[tuple[str, str]],
    ) -> Response:
        """Let the browser post the fields to the application, by itself or by a press."""

    def confirm_sign_out(
        self,
        request: Request,
        session: Session,
        *,
        action: str,
        fields: Sequence[tuple[str, str]],
        csrf: str,
        client: Client | None,
    ) -> Response:
        """Ask before signing out, in a form that posts the fields and ``csrf`` to the action."""

    def crashed(self, request: Request) -> Response:
        """Say that something broke on our side."""

    def signed_out(
        self, request: Request, *, client: Client | None, return_url: str | None
    ) -> Response:
        """Say that this browser is signed out, with the way back where there is one."""
