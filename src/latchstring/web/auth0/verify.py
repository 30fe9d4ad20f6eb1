"""``POST /passwordless/verify``: would this code be taken? It stays as it is.

A page asks this before it sends the browser on to ``/passwordless/verify_redirect`` with the same
code. It comes without cookies, so the answer proves nothing about any browser.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import ChallengeRefused, TooManyRequests
from latchstring.domain.clients.client import Client
from latchstring.flows.check_code import CheckCode
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.web.auth0.answers import Answers, Typed
from latchstring.web.auth0.members import required, text
from latchstring.web.auth0.refusals import (
    BadCall,
    InvalidUserPassword,
    TooManyAttempts,
    sentence_of,
)
from latchstring.web.http.answers import private_json
from latchstring.web.http.parameters import read_json


class Verify(msgspec.Struct, frozen=True):
    """Checks a code for a page of an application."""

    check: CheckCode
    configuration: RefreshConfiguration
    answers: Answers

    async def __call__(self, request: Request) -> Response:
        """Answer 200 for a right code; a wrong one counts as a guess."""
        members = await read_json(request)
        client = self._client(request, members)
        typed = Typed(
            realm=required(members, "connection"),
            username=required(members, "email", "phone_number", "username"),
            code=required(members, "verification_code", "password"),
        )
        try:
            await self.check(await self.answers.read(client, typed, request.state.origin))
        except ChallengeRefused as refused:
            raise InvalidUserPassword(sentence_of(refused, typed.realm)) from refused
        except TooManyRequests as limit:
            raise TooManyAttempts.of(limit) from limit
        return private_json({})

    def _client(self, request: Request, members: dict[str, Any]) -> Client:
        """Return whose code it is: auth0.js in a popup names no client, only its page's origin."""
        clients = self.configuration.current.clients
        client_id = text(members, "client_id")
        if client_id is not None:
            client = clients.get(client_id)
            if client is None:
                raise BadCall("Unknown client_id", field="client_id")
            return client
        origin = request.headers.get("origin", "")
        # Not those that registered themselves: they may name any page as theirs.
        known = [client for client in clients.values() if not client.dynamic]
        found = [client for client in known if client.accepts_origin(origin)]
        if len(found) != 1:
            raise BadCall("Missing required parameter: client_id", field="client_id")
        return found[0]
