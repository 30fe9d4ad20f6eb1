"""Pages that the protocol surface asks for: errors, the end of a sign-in, signing out."""

from collections.abc import Sequence
from shlex import quote
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.domain.clients.client import Client
from latchstring.domain.sessions.session import Session
from latchstring.web.http.sentence import Sentence
from latchstring.web.pages import views
from latchstring.web.pages.desk import Desk, frame_of


class Detail(Protocol):
    """What a developer needs to see: what came, and what is registered."""

    @property
    def summary(self) -> str:
        """What is wrong, in English."""

    @property
    def parameter(self) -> str:
        """The request's name for the value."""

    @property
    def came(self) -> str:
        """The value that came."""

    @property
    def registered(self) -> tuple[str, ...]:
        """The values that would have been right."""


class ProtocolPages(msgspec.Struct, frozen=True):
    """Draws them; details for developers only where the roof says so (``dev``)."""

    desk: Desk
    for_developers: bool = False

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
        frame = frame_of(client)
        if developer is not None and self.for_developers:
            view = views.DeveloperError(
                frame=frame,
                summary=developer.summary,
                parameter=developer.parameter,
                came=developer.came,
                registered=developer.registered,
                command=_command(client, developer),
            )
            return self.desk.page(request, view, status=status)
        start_url = client.initiate_login_uri if client else None
        page = views.ErrorPage(frame=frame, sentence=sentence, start_url=start_url)
        return self.desk.page(request, page, status=status)

    def sign_in_over(self, request: Request, *, client: Client | None) -> Response:
        """Say that this sign-in is over and offer to start another."""
        start_url = client.initiate_login_uri if client else None
        view = views.PageExpired(frame=self.desk.frame(client), start_url=start_url)
        return self.desk.page(request, view)

    def post_back(
        self,
        request: Request,
        client: Client,
        *,
        action: str,
        fields: Sequence[tuple[str, str]],
    ) -> Response:
        """Let the browser post the fields to the application, by itself or by a press."""
        view = views.PostBack(frame=frame_of(client), action=action, fields=tuple(fields))
        return self.desk.page(request, view)

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
        """Ask before signing out."""
        view = views.SignOutConfirm(
            frame=frame_of(client, csrf=csrf),
            action=action,
            identifier=session.identifier,
            fields=tuple(fields),
            stay_url=client.initiate_login_uri if client else None,
        )
        return self.desk.page(request, view)

    def signed_out(
        self, request: Request, *, client: Client | None, return_url: str | None
    ) -> Response:
        """Say that this browser is signed out."""
        view = views.SignedOut(frame=self.desk.frame(client), return_url=return_url)
        return self.desk.page(request, view)

    def crashed(self, request: Request) -> Response:
        """Say that something broke on our side."""
        return self.desk.page(request, views.ServerError())


def _command(client: Client | None, developer: Detail) -> str | None:
    """Return the command that registers what came, where a command can.

    Whoever sent the address here chose it, and it is to be pasted into a terminal: quoted, and not
    at all with characters that a terminal obeys. At a comma the command would cut it in two.
    """
    if client is None or developer.parameter != "redirect_uri" or not developer.came:
        return None
    urls = [*client.callbacks, developer.came]
    if not developer.came.isprintable() or any("," in url for url in urls):
        return None
    setting = "callbacks=" + ",".join(urls)
    return f"latchstring clients set {client.client_id} {quote(setting)}"
