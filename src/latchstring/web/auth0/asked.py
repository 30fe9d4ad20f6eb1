"""What an SDK put into an address that leads to ``/authorize``, and the way back with a refusal."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.domain.clients.client import Client
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.web.auth0.pages import Detail, Pages
from latchstring.web.http.answers import see_other, with_query
from latchstring.web.http.parameters import Parameters
from latchstring.web.http.sentence import gettext

AUTHORIZE = "/authorize"
_PASSED_ON = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "audience",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)
_LONGEST = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_IN_FRAGMENT = frozenset({"token", "id_token"})


class NotRedirectable(InvalidRequest):
    """The request is not valid."""

    def __init__(self, developer: Detail, *, client: Client | None = None) -> None:
        """Say what the application's developer has to know; the person gets one sentence."""
        super().__init__(developer.summary, field=developer.parameter)
        self.developer = developer
        self.client = client


class Asked(msgspec.Struct, frozen=True):
    """A client and an address of its own, with all that came beside them."""

    client: Client
    parameters: Parameters

    def one(self, name: str) -> str | None:
        """Return a parameter; raise ``InvalidRequest`` if it came twice or is unreadable."""
        value = self.parameters.one(name)
        if value is not None and (len(value) > _LONGEST or _CONTROL.search(value)):
            message = f"{name} must be one line of at most {_LONGEST} characters."
            raise InvalidRequest(message, field=name)
        return value

    @property
    def authorize_url(self) -> str:
        """The same request for ``/authorize``, without what was only for us."""
        values = {name: self.one(name) for name in _PASSED_ON}
        values["response_type"] = values["response_type"] or "code"
        named = {name: value for name, value in values.items() if value is not None}
        return f"{AUTHORIZE}?{urlencode(named)}"

    def back(self, error: str, description: str, *, issuer: str) -> Response:
        """Send the browser back to the application with a refusal."""
        values = {
            "error": error,
            "error_description": description,
            "state": self.one("state"),
            "iss": issuer,
        }
        return see_other(_with(self._redirect_uri, values, in_fragment=self._in_fragment))

    @property
    def _redirect_uri(self) -> str:
        return self.one("redirect_uri") or ""

    @property
    def _in_fragment(self) -> bool:
        mode = self.one("response_mode")
        if mode is not None:
            return mode == "fragment"
        return not _IN_FRAGMENT.isdisjoint((self.one("response_type") or "").split())


def asked(request: Request, configuration: RefreshConfiguration) -> Asked:
    """Read the address; raise ``NotRedirectable`` where nothing may be sent to the application."""
    parameters = Parameters.from_query(request)
    client_id, redirect_uri = parameters.one("client_id"), parameters.one("redirect_uri")
    client = configuration.current.clients.get(client_id or "")
    if client is None:
        raise NotRedirectable(
            Detail(
                summary="There is no such application.",
                parameter="client_id",
                came=client_id or "",
            )
        )
    if redirect_uri is None or not client.accepts_callback(redirect_uri):
        detail = Detail(
            summary="The redirect_uri is not one of the application's callbacks.",
            parameter="redirect_uri",
            came=redirect_uri or "",
            registered=client.callbacks,
        )
        raise NotRedirectable(detail, client=client)
    return Asked(client, parameters)


def query_of(request: Request) -> str:
    """Return the address's query as it came."""
    query: bytes = request.scope["query_string"]
    return query.decode("ascii", "replace")


def not_valid(pages: Pages, request: Request, refused: NotRedirectable) -> Response:
    """Tell the person what is told nobody else: the application's address is not its own."""
    sentence = gettext("The application's request is not valid. Go back to it and try again.")
    return pages.error(
        request, sentence, status=400, client=refused.client, developer=refused.developer
    )


def _with(url: str, values: Mapping[str, str | None], *, in_fragment: bool) -> str:
    if not in_fragment:
        return with_query(url, values)
    named = {name: value for name, value in values.items() if value is not None}
    return f"{url}#{urlencode(named)}"
