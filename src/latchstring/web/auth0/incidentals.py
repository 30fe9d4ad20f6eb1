"""Small answers that Auth0's pages ask for on their way: a challenge, a country, what is off."""

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from latchstring.domain.identities.identifier import SMS
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.web.auth0.refusals import EndpointDisabled
from latchstring.web.http.answers import private_json

ELSEWHERE = "US"


async def no_challenge(_request: Request) -> Response:
    """Answer that nobody has to solve a puzzle; limits are what stops floods here."""
    return private_json({"required": False})


async def disabled(_request: Request) -> Response:
    """Refuse what is not offered, or switched off."""
    raise EndpointDisabled


class Country(msgspec.Struct, frozen=True):
    """The country whose dialing code a page offers first."""

    configuration: RefreshConfiguration

    async def __call__(self, _request: Request) -> Response:
        """Answer the first country that is texted: we look nobody's address up."""
        texts = self.configuration.current.connections.get(SMS)
        country = texts.countries[0] if texts and texts.countries else ELSEWHERE
        return PlainTextResponse(country, headers={"Cache-Control": "no-store"})
