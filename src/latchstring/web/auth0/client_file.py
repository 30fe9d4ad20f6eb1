"""What Auth0 Lock loads as scripts before it shows itself: the client and its ways in.

Public values alone, the same for everybody, and written so that no value can leave its string.
"""

from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import NotFound
from latchstring.domain.clients.client import Client
from latchstring.flows.refresh_configuration import RefreshConfiguration

PREFIX = "/client/"
TENANT = "/info-v1.js"
_SUFFIX = ".js"
_MAX_AGE = 300
_HEADERS = {
    "Cache-Control": f"public, max-age={_MAX_AGE}",
    # Other sites' pages load it as a script, which is all it is for.
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_TOLD_APART = (
    ("<", "\\u003c"),
    (">", "\\u003e"),
    ("&", "\\u0026"),
    ("\u2028", "\\u2028"),
    ("\u2029", "\\u2029"),
)


class ClientFile(msgspec.Struct, frozen=True):
    """Serves both files."""

    configuration: RefreshConfiguration
    issuer: str

    async def client(self, request: Request) -> Response:
        """``GET /client/<client_id>.js``."""
        name: str = request.scope["path"].removeprefix(PREFIX)
        client = self.configuration.current.clients.get(name.removesuffix(_SUFFIX))
        if client is None or not name.endswith(_SUFFIX):
            raise NotFound
        return script("Auth0.setClient", self._about(client))

    async def tenant(self, _request: Request) -> Response:
        """``GET /info-v1.js``."""
        connections = [
            {"name": name, "strategy": name} for name in self.configuration.current.connections
        ]
        about = {"connections": {"passwordless": connections}, "clientsConnections": {}}
        return script("Auth0.setTenant", about)

    def _about(self, client: Client) -> dict[str, object]:
        offered = [
            name for name in client.connections if name in self.configuration.current.connections
        ]
        return {
            "id": client.client_id,
            "tenant": urlsplit(self.issuer).hostname,
            "subscription": "enterprise",
            "strategies": [{"name": name, "connections": [{"name": name}]} for name in offered],
        }


def script(function: str, argument: object) -> Response:
    """Return a script that calls the function with a value."""
    text = msgspec.json.encode(argument).decode()
    for character, escaped in _TOLD_APART:
        text = text.replace(character, escaped)
    return Response(f"{function}({text});", headers=_HEADERS, media_type="text/javascript")
