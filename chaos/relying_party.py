"""An application that verifies tokens by the published keys, and caches those while it may."""

import base64
import json
import time
from dataclasses import dataclass, field

import jwt

from chaos.nodes import Node
from chaos.tokens import Held, published
from chaos.wire import get

ID_TOKEN, ACCESS_TOKEN = "JWT", "at+jwt"


@dataclass(slots=True)
class Calendar:
    """The time as a run would have it: rows are made older, and whoever caches must hear of it."""

    ahead: float = 0.0

    def now(self) -> float:
        """Return the steady clock's seconds, and those that were skipped."""
        return time.monotonic() + self.ahead


@dataclass(slots=True, eq=False)
class RelyingParty:
    """Fetches the keys when its copy is as old as the server allows, and never otherwise.

    A key that it does not know is no reason to fetch again: the harshest reader there is.
    """

    node: Node
    client_id: str
    audience: str = ""
    """Of the API that it is, too."""
    calendar: Calendar = field(default_factory=Calendar)
    fetches: int = 0
    max_age: float = 0.0
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched_at: float = 0.0
    _issuer: str = ""

    async def fetch(self) -> None:
        """Take the keys as they are published now."""
        self._fetched_at = self.calendar.now()
        keys, self.max_age = await published(self.node)
        self._keys = {key["kid"]: jwt.PyJWK(key) for key in keys}
        if not self.fetches:
            answer = await self.node.wire.ask(get("/.well-known/openid-configuration"))
            self._issuer = str(answer.json()["issuer"])
        self.fetches += 1

    async def refuses(self, held: Held) -> list[str]:
        """Return, for the tokens of an answer that it cannot verify, the reasons."""
        wanted = [(held.id_token, ID_TOKEN, self.client_id)]
        if self.audience:
            wanted.append((held.access_token, ACCESS_TOKEN, self.audience))
        told = [await self._refusal(*each) for each in wanted]
        return [reason for reason in told if reason]

    async def refuses_access(self, held: Held) -> list[str]:
        """Return why it cannot verify the access token, or nothing."""
        reason = await self._refusal(held.access_token, ACCESS_TOKEN, self.audience)
        return [reason] if reason else []

    async def _refusal(self, token: str, kind: str, audience: str) -> str:
        if not self.fetches or self.calendar.now() > self._fetched_at + self.max_age:
            await self.fetch()
        key = self._keys.get(kid(token))
        if key is None:
            return f"{kind}: no key {kid(token)}"
        try:
            jwt.decode(token, key, [key.algorithm_name], audience=audience, issuer=self._issuer)
        except jwt.PyJWTError as error:
            return f"{kind} by {kid(token)}: {type(error).__name__}"
        found = jwt.get_unverified_header(token)["typ"]
        return "" if found == kind else f"{kind}: is a {found}"


def kid(token: str) -> str:
    """Return the id of the key that signed a token."""
    head = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])
