"""Tokens in an application's hands: how it comes by them, and what the nodes say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chaos.driver import CREDENTIALS, TOKEN_PATH
from chaos.ledger import OK, Entry
from chaos.nodes import Node
from chaos.stage import Stage
from chaos.wire import NoAnswer, Request, get, post_form, post_json

REFRESH, REVOKE = "refresh", "revoke"
REFUSED = 400
"""How a refresh token that is no good is refused."""

OFFLINE = "openid email offline_access"
_NOBODY = "nobody"

RS256_API, ES256_API = "https://rs256.api.example/", "https://es256.api.example/"
_ES256_CLIENT = {
    "client_id": "chaos-es256",
    "client_secret": "another-secret-of-the-chaos-and-of-nobody",
}
RS256: Mapping[str, str] = {**CREDENTIALS, "audience": RS256_API, "scope": OFFLINE}
ES256: Mapping[str, str] = {**_ES256_CLIENT, "audience": ES256_API, "scope": OFFLINE}
"""What requests of two applications add: each has its tokens signed with another algorithm."""

_BOTH = """
[[clients]]
client_id     = "{client_id}"
client_secret = "{client_secret}"
name          = "Acme, too"
connections   = ["email"]
id_token_signed_response_alg = "ES256"

[[apis]]
identifier     = "{rs256}"
name           = "An API"
token_lifetime = {seconds}

[[apis]]
identifier     = "{es256}"
name           = "Another API"
signing_alg    = "ES256"
token_lifetime = {seconds}
"""


def two_applications(api_token_seconds: int = 86_400) -> str:
    """Return the tables that add the second application and the APIs of both."""
    values = {"rs256": RS256_API, "es256": ES256_API, "seconds": api_token_seconds}
    return _BOTH.format(**_ES256_CLIENT, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What an application has of one sign-in."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    person: str

    @classmethod
    def of(cls, entry: Entry) -> "Held":
        """Return the tokens of an answer; raise ``RuntimeError`` where it was none."""
        if entry.status != OK:
            raise RuntimeError(entry.name)
        names = ("access_token", "id_token", "refresh_token")
        return cls(**{name: str(entry.reply.get(name, "")) for name in names}, person=entry.person)


async def signed_in(stage: Stage, node: Node, more: Mapping[str, str], *, person: str = "") -> Held:
    """Return the tokens of a whole login, of somebody new unless it is said of whom."""
    person = person or stage.driver.person("holder")
    await stage.driver.start(person, node, _client_of(more))
    code = await stage.driver.code_of(person)
    return Held.of(await stage.driver.verify(person, code, node, more=more))


async def several_signed_in(
    stage: Stage, nodes: Sequence[Node], count: int, more: Mapping[str, str]
) -> list[Held]:
    """Return the tokens of so many people, who signed in one after the other."""
    return [await signed_in(stage, nodes[number % len(nodes)], more) for number in range(count)]


def refresh_request(token: str, more: Mapping[str, str] = CREDENTIALS) -> Request:
    """Return the request that trades a refresh token for the next."""
    body = {"grant_type": "refresh_token", "refresh_token": token}
    return post_json(TOKEN_PATH, {**_client_of(more), **body})


async def refresh(
    stage: Stage, node: Node, held: Held, more: Mapping[str, str] = CREDENTIALS
) -> Entry:
    """Trade a refresh token, and write down what came of it."""
    entry = stage.ledger.open(REFRESH, held.person, node=node.name)
    return await stage.driver.ask(node.wire, entry, refresh_request(held.refresh_token, more))


async def revoke(stage: Stage, node: Node, token: str) -> Entry:
    """Give a token back."""
    entry = stage.ledger.open(REVOKE, _NOBODY, node=node.name)
    request = post_form("/oauth/revoke", {**CREDENTIALS, "token": token})
    return await stage.driver.ask(node.wire, entry, request)


async def userinfo(node: Node, token: str) -> int:
    """Return the status of the answer about whose token it is, 0 for none."""
    return await node.status("/userinfo", headers={"Authorization": f"Bearer {token}"})


async def is_active(node: Node, token: str, more: Mapping[str, str] = CREDENTIALS) -> bool:
    """Return what introspection says; raise ``RuntimeError`` where it says neither."""
    request = post_form("/oauth/introspect", {**_client_of(more), "token": token})
    try:
        answer = await node.wire.ask(request)
    except NoAnswer as none:
        raise RuntimeError(str(none)) from none
    if answer.status != OK:
        raise RuntimeError(f"introspection: {answer.status}")
    return answer.json()["active"] is True


async def published(node: Node) -> tuple[list[dict[str, str]], float]:
    """Return the keys that a node publishes, and for how many seconds one may go on with them."""
    answer = await node.wire.ask(get("/.well-known/jwks.json"))
    said = answer.headers.get("cache-control", "")
    words = dict(word.strip().partition("=")[::2] for word in said.split(","))
    keys: list[dict[str, str]] = answer.json()["keys"]
    return keys, float(words["max-age"])


def _client_of(more: Mapping[str, str]) -> dict[str, str]:
    named = ("client_id", "client_secret")
    return {**CREDENTIALS, **{name: more[name] for name in named if name in more}}
