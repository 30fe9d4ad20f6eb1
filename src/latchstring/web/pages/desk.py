"""What the handlers of this surface share: the frame around a page, the browser, the request."""

from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.clock import Clock
from latchstring.base.errors import InvalidRequest
from latchstring.base.ids import AuthorizationId, ClientId
from latchstring.base.origin import Origin
from latchstring.base.secrets import Keyring
from latchstring.base.settings import Settings
from latchstring.domain.authorizations.request import AuthorizationRequest
from latchstring.domain.clients.client import Client
from latchstring.domain.connections.connection import Connection
from latchstring.domain.identities import known_browser
from latchstring.domain.identities.identifier import Identifier
from latchstring.flows.accept_challenge import VerifiedUser
from latchstring.flows.refresh_configuration import Configuration, RefreshConfiguration
from latchstring.flows.resume_authorization import FindAuthorization
from latchstring.web.http.answers import see_other
from latchstring.web.http.cookies import Cookies
from latchstring.web.http.form_guard import FormGuard
from latchstring.web.http.frame import HELP_PATH, Brand, Frame, Page
from latchstring.web.http.language import Languages
from latchstring.web.http.parameters import Parameters
from latchstring.web.http.render import Renderer

SIGN_IN = "/sign-in/"
RESUME = "/authorize/resume/"


class CookieMissing(InvalidRequest):
    """The page needs a cookie that your browser did not send."""


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that waits in this browser."""

    request: AuthorizationRequest
    client: Client
    browser: str
    """The browser cookie's value; forms of this sign-in are bound to it."""

    @property
    def url(self) -> str:
        """Where this sign-in's pages begin."""
        return f"{SIGN_IN}{self.request.id}"


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Handed to every handler of the surface."""

    settings: Settings
    clock: Clock
    keyring: Keyring
    configuration: RefreshConfiguration
    find_authorization: FindAuthorization
    cookies: Cookies
    guard: FormGuard
    renderer: Renderer
    languages: Languages = msgspec.field(default_factory=Languages.installed)

    @property
    def current(self) -> Configuration:
        """Connections and clients as they are now."""
        return self.configuration.current

    def page(self, request: Request, view: Page, *, status: int | None = None) -> Response:
        """Render a page in the request's language."""
        origin: Origin = request.state.origin
        response = self.renderer.page(
            view, request_id=origin.request_id, language=origin.language, status=status
        )
        if getattr(request.state, "has_opener", False):
            # It would cut the window off from the page that opened it and waits for its end, which
            # takes that for its being closed.
            del response.headers["Cross-Origin-Opener-Policy"]
        return response

    def client(self, client_id: ClientId | str) -> Client | None:
        """Return a client that is registered now."""
        return self.current.clients.get(client_id)

    def frame(self, client: Client | None, binding: str = "") -> Frame:
        """Return the surroundings of a page; ``binding`` is what its forms are about."""
        return frame_of(client, csrf=self.guard.token(binding) if binding else "")

    async def sign_in(self, request: Request) -> SignIn:
        """Return this browser's waiting sign-in; raise what becomes the right page otherwise."""
        browser = self.cookies.browser(request)
        if browser is None:
            raise CookieMissing
        request_id = AuthorizationId(request.scope["path"].split("/")[2])
        found = await self.find_authorization(request_id, browser)
        client = self.client(found.client_id)
        if client is None:
            raise InvalidRequest(detail="the client was removed")
        self._speak(request, found)
        request.state.has_opener = found.has_opener
        return SignIn(request=found, client=client, browser=browser)

    def _speak(self, request: Request, found: AuthorizationRequest) -> None:
        """Let pages and messages be in a language that the application named, where there is one.

        It asked the person already; what their browser says comes second.
        """
        if found.ui_locales is not None:
            origin: Origin = request.state.origin
            language = self.languages.choose(found.ui_locales, origin.language)
            request.state.origin = msgspec.structs.replace(origin, language=language)

    async def posted(self, request: Request) -> tuple[SignIn, Parameters]:
        """Return the sign-in and the form that was posted to it, which came from our own page."""
        sign_in = await self.sign_in(request)
        form = await Parameters.from_form(request)
        self.guard.check(request, form, sign_in.browser)
        return sign_in, form

    def connections_of(self, client: Client) -> list[Connection]:
        """Return the ways in that a client offers and that exist, in the client's order."""
        found = (self.current.connections.get(name) for name in client.connections)
        return [connection for connection in found if connection is not None]

    def known_since(self, request: Request, identifier: Identifier) -> datetime | None:
        """Return when this browser last signed in as the identifier, if it can prove it."""
        return known_browser.known_since(
            self.cookies.known(request), identifier.digest, self.keyring, now=self.clock.now()
        )

    def signed_in(self, request: Request, user: VerifiedUser, url: str) -> Response:
        """Send a browser on that has just been signed in, with its cookies."""
        response = see_other(url)
        self.sign_browser_in(request, response, user)
        return response

    def sign_browser_in(self, request: Request, response: Response, user: VerifiedUser) -> None:
        """Put the new session's cookie, and the mark of having proven the identifier."""
        if user.opened is not None:
            self.cookies.set_session(response, user.opened.token)
        marks = known_browser.remember(
            self.cookies.known(request), user.identifier.digest, self.keyring, now=user.at
        )
        self.cookies.set_known(response, marks)

    def resend_opens(self, sign_in: SignIn) -> datetime:
        """Return when the page's send-again button opens: later after each press."""
        request = sign_in.request
        if request.last_start_at is None:
            return self.clock.now()
        waits = self.settings.limits.resend_after
        position = min(max(request.starts, 1), len(waits)) - 1
        return request.last_start_at + timedelta(seconds=waits[position])


def frame_of(client: Client | None, *, csrf: str = "") -> Frame:
    """Return the surroundings of a page; its help knows whom to write to about the application."""
    if client is None:
        return Frame(csrf=csrf)
    help_url = f"{HELP_PATH}?client_id={quote(client.client_id)}"
    return Frame(brand=brand_of(client), csrf=csrf, help_url=help_url)


def brand_of(client: Client | None) -> Brand | None:
    """Return how the application presents itself."""
    if client is None:
        return None
    return Brand(
        name=client.name,
        logo_url=client.logo_url,
        color=client.color,
        terms_url=client.terms_url,
        privacy_url=client.privacy_url,
        support_email=client.support_email,
    )
