"""``/v2/logout``: signing out as Auth0's SDKs ask for it.

The request proves nothing: it is a navigation to a fixed address. An application of ours gets its
person signed out at once all the same, as its SDK promises; see decision 15 for whom that leaves.
"""

from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import Forbidden
from latchstring.base.settings_urls import origin_of
from latchstring.domain.clients.client import Client
from latchstring.web.http.answers import see_other
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc.client_authentication import Clients
from latchstring.web.oidc.errors import NotRedirectable
from latchstring.web.oidc.leaving import Leaving, text_of
from latchstring.web.oidc.pages import DeveloperDetail

PATH = "/v2/logout"
CONFIRM = "/v2/logout/confirm"
_PARAMETERS = ("client_id", "returnTo")
_ACCEPTED = ("federated", "auth0Client")
_FOUND = 302
_NEAR = frozenset({"same-origin", "same-site"})
_WEB = frozenset({"http", "https"})


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-out somebody asked for; where to go afterwards was checked."""

    client: Client | None
    return_to: str | None
    listed: tuple[str, ...]
    """Where people may go: the application's addresses, without one the installation's."""

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What travels along while the person is asked."""
        client_id = self.client.client_id if self.client else None
        values = {"client_id": client_id, "returnTo": self.return_to}
        return [(name, value) for name, value in values.items() if value is not None]


class V2LogoutEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Ends this browser's session at once, unless somebody else's page sent it here."""

    clients: Clients
    leaving: Leaving
    logout_urls: tuple[str, ...] = ()
    asks: bool = False
    """Whether the person is asked where the browser does not tell who sent it."""

    async def get(self, request: Request) -> Response:
        """Sign out, or ask first."""
        wish = self._read(Parameters.from_query(request))
        session = await self.leaving.session(request)
        if session is None:
            return self._leave(request, wish)
        if request.headers.get("sec-fetch-dest", "document") != "document":
            # A frame or a picture of another page: nobody would see who signed them out.
            raise Forbidden(detail="signing out is a navigation")
        if not self._is_expected(request, wish):
            return self.leaving.ask(
                request, session, CONFIRM, fields=wish.fields, client=wish.client
            )
        await self.leaving.end(request, session)
        return self._leave(request, wish)

    async def confirm(self, request: Request) -> Response:
        """Sign out because the person pressed a button on our own page."""
        form = await Parameters.from_form(request)
        wish = self._read(form)
        await self.leaving.pressed(request, form)
        return self._leave(request, wish)

    def _is_expected(self, request: Request, wish: Wish) -> bool:
        """Tell whether an application of ours sent the browser here, as far as one can."""
        site = request.headers.get("sec-fetch-site")
        if site in _NEAR:
            return True
        sender = _sender(request)
        if sender is None:
            return site == "none" or not self.asks
        known = [client for client in self.clients().values() if not client.dynamic]
        return any(_is_at(client, sender) for client in (wish.client, *known) if client)

    def _leave(self, request: Request, wish: Wish) -> Response:
        address = wish.return_to or (wish.listed[0] if wish.listed else None)
        if address is None:
            response = self.leaving.pages.signed_out(request, client=wish.client, return_url=None)
        else:
            response = see_other(address)
            if request.method == "GET":
                response.status_code = _FOUND  # what Auth0 answers
        return self.leaving.without_cookie(request, response)

    def _read(self, parameters: Parameters) -> Wish:
        for name in _ACCEPTED:
            text_of(parameters, name)
        client_id, return_to = (text_of(parameters, name) for name in _PARAMETERS)
        client = self.clients().get(client_id) if client_id else None
        if client_id and client is None:
            detail = DeveloperDetail(
                summary="No application has this client_id.",
                parameter="client_id",
                came=client_id,
            )
            raise NotRedirectable(detail)
        listed = client.logout_urls if client else self.logout_urls
        if return_to and not _is_listed(return_to, client, listed):
            whose = "the application's" if client else "the installation's"
            detail = DeveloperDetail(
                summary=f"The returnTo is not one of {whose} logout URLs.",
                parameter="returnTo",
                came=return_to,
                registered=listed,
            )
            raise NotRedirectable(detail, client=client)
        return Wish(client=client, return_to=return_to, listed=listed)


def _is_listed(url: str, client: Client | None, listed: tuple[str, ...]) -> bool:
    """Tell whether people may go there; like Auth0, whatever query or fragment it has."""
    bare = _bare(url)
    if client is not None and client.accepts_logout_url(bare):
        return True
    return bare in map(_bare, listed)


def _bare(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _sender(request: Request) -> str | None:
    """Return the origin of the page that sent the browser here, where the browser tells."""
    told = request.headers.get("referer", "")
    try:
        return origin_of(told) if urlsplit(told).scheme in _WEB else None
    except ValueError:
        return None


def _is_at(client: Client, origin: str) -> bool:
    others = (*client.logout_urls, client.initiate_login_uri or "")
    return client.accepts_origin(origin) or any(origin == origin_of(url) for url in others if url)
