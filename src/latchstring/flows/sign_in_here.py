"""Open a hosted sign-in that no application asked for, but a page of ours."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import AuthorizationId, ClientId
from latchstring.base.secrets import digest
from latchstring.db.database import Database
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.request import HERE, Prompt, Wanted, open_request


class SignInHere(msgspec.Struct, frozen=True):
    """An authorization request whose answer is the way back to our page, and no code."""

    database: Database
    clock: Clock

    async def __call__(
        self, client_id: ClientId, path: str, browser: str, *, fresh: bool
    ) -> AuthorizationId:
        """Return the request, of the browser with this cookie.

        ``fresh`` asks for a sign-in even of somebody who is signed in, to change who that is.
        """
        wanted = Wanted(
            client_id=client_id,
            redirect_uri=path,
            response_mode=HERE,
            scope="",
            prompt=frozenset({Prompt.LOGIN}) if fresh else frozenset(),
        )
        request = open_request(wanted, digest(browser), now=self.clock.now())
        await self.database.transact(lambda tx: authorizations.insert_request(tx, request))
        return request.id
