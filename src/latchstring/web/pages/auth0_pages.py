"""Pages on the way of Auth0's browser SDKs: the press before a code signs in, the frame."""

from typing import ClassVar, Protocol
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.settings_urls import origin_of
from latchstring.domain.clients.client import Client
from latchstring.web.http.frame import Frame
from latchstring.web.pages.desk import frame_of
from latchstring.web.pages.protocol_pages import ProtocolPages


class CodeConfirm(msgspec.Struct, frozen=True, kw_only=True):
    """An address with a code was opened: nothing happens until the button is pressed.

    `identifier` is masked. `signed_in_as` is somebody else whom this browser is signed in as.
    """

    template: ClassVar[str] = "code_confirm.html"
    status: ClassVar[int] = 200

    frame: Frame
    identifier: str
    action: str
    signed_in_as: str | None = None


class BrowserCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Asks the application's page, in a frame, for what only its browser has; then goes on.

    `page` is its whole address, `co_id` what it is asked for.
    """

    template: ClassVar[str] = "browser_check.html"
    status: ClassVar[int] = 200

    frame: Frame
    page: str
    co_id: str
    action: str


class Pressing(Protocol):
    """Who is about to be signed in, and where the one button leads."""

    @property
    def identifier(self) -> str:
        """Masked."""

    @property
    def signed_in_as(self) -> str | None:
        """Somebody else whom this browser is signed in as."""

    @property
    def action(self) -> str:
        """Where the form goes."""

    @property
    def csrf(self) -> str:
        """Its token."""


class Verification(Protocol):
    """The page that is asked, for what, and where the answer goes."""

    @property
    def page(self) -> str:
        """The application's page."""

    @property
    def co_id(self) -> str:
        """The public name of what it is asked for."""

    @property
    def action(self) -> str:
        """Where the form goes."""

    @property
    def csrf(self) -> str:
        """Its token."""


class Auth0Pages(ProtocolPages, frozen=True):
    """Draws them, beside the errors that every protocol has."""

    def confirm_code(self, request: Request, client: Client, pressing: Pressing) -> Response:
        """Ask before a code that came in an address signs this browser in."""
        view = CodeConfirm(
            frame=frame_of(client, csrf=pressing.csrf),
            identifier=pressing.identifier,
            action=pressing.action,
            signed_in_as=pressing.signed_in_as,
        )
        return self.desk.page(request, view)

    def verify_browser(
        self, request: Request, client: Client, verification: Verification
    ) -> Response:
        """Ask the application's page, in a frame, for what only its browser has.

        auth0.js reads in the fragment whom it may answer.
        """
        view = BrowserCheck(
            frame=frame_of(client, csrf=verification.csrf),
            page=f"{verification.page}#origin={quote(self.desk.settings.origin, safe='')}",
            co_id=verification.co_id,
            action=verification.action,
        )
        request.state.has_opener = True
        return framing(self.desk.page(request, view), verification.page)


def framing(response: Response, page: str) -> Response:
    """Let the one page that frames anything frame that page's origin alone."""
    response.headers["Content-Security-Policy"] += f"; frame-src {origin_of(page)}"
    return response
