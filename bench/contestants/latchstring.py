"""The product: ``latchstring serve``, lean or full, on either database, one node or several."""

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.contestants import Census, Contestant
from bench.people import Person, address
from bench.processes import Server, free_port
from bench.sinks import Sinks
from bench.stores import Store
from bench.wire import Answer, Request
from latchstring.domain.identities.identifier import EMAIL, Identifier

CLIENT_ID = "bench"
CLIENT_SECRET = "a-secret-of-the-bench-and-of-nobody-else"  # noqa: S105 - opens nothing but this
_GRANT = "http://auth0.com/oauth/grant-type/passwordless/otp"
_HTTP_OK = 200
_NOWHERE = 9
"""No mail server: should the lean product send mail after all, nobody can sign in."""

_LOADED_AT = 1_767_225_600_000
_CENSUS = Census("select count(*) from identifiers", "select count(*) from access_tokens")
_CONFIGURATION = """
public_url      = "http://127.0.0.1:{port}"
listen          = "127.0.0.1:{port}"
database_url    = "{database_url}"
secret_key_file = "keys/secret.key"
allow_example_identifiers = true

[mail]
from     = "Acme <login@auth.acme.example>"
smtp_url = "smtp://127.0.0.1:{smtp_port}?starttls=never"

[limits]
starts_per_identifier = "1000000/h"

[connections.email]
send = "both"

[[clients]]
client_id     = "{client_id}"
client_secret = "{client_secret}"
name          = "Acme"
callbacks     = ["http://127.0.0.1:9100/callback"]
id_token_signed_response_alg = "{algorithm}"
"""


class Variant(StrEnum):
    """What a login is made of."""

    LEAN = "lean"
    """The bare code to a socket; an opaque access token."""
    ES256 = "full, ES256"
    """A mail by SMTP; an access token and an ID token."""
    RS256 = "full, RS256"


@dataclass(frozen=True, slots=True)
class Auth0Dialect:
    """The passwordless API in Auth0's shapes."""

    variant: Variant

    def start(self, person: Person) -> Request:
        """Ask for a code."""
        body = {"connection": "email", "email": person.address, "send": "code"}
        return Request("/passwordless/start", _CREDENTIALS | body)

    def is_started(self, answer: Answer) -> bool:
        """Tell whether a code was promised."""
        return answer.status == _HTTP_OK

    def verify(self, person: Person, code: str, _started: Answer) -> Request:
        """Trade the code for tokens."""
        scope = "email" if self.variant is Variant.LEAN else "openid email"
        body = {"grant_type": _GRANT, "realm": "email", "username": person.address, "otp": code}
        return Request("/oauth/token", _CREDENTIALS | body | {"scope": scope})

    def is_signed_in(self, answer: Answer) -> bool:
        """Tell whether exactly the tokens came that were asked for."""
        tokens = {"access_token", "id_token"} & set(answer.body)
        wanted = {"access_token"} if self.variant is Variant.LEAN else {"access_token", "id_token"}
        return answer.status == _HTTP_OK and tokens == wanted


_CREDENTIALS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


def latchstring(
    folder: Path, store: Store, sinks: Sinks, variant: Variant, *, people: int, nodes: int
) -> Contestant:
    """Configure an installation in an empty folder; all of its nodes share one key file."""
    (folder / "keys").mkdir(mode=0o700)
    servers = [_node(folder, store, sinks, variant) for _ in range(nodes)]

    async def prepare() -> None:
        servers[0].start()  # makes the schema
        servers[0].stop()
        await store.load("users", _USERS, map(_user, range(people)))
        await store.load("identifiers", _IDENTIFIERS, map(_identifier, range(people)))

    return Contestant(
        name=f"latchstring, {variant}",
        people=people,
        dialect=Auth0Dialect(variant),
        servers=servers,
        store=store,
        census=_CENSUS,
        prepare=prepare,
        configuration=folder / f"{servers[0].port}.toml",
    )


def _node(folder: Path, store: Store, sinks: Sinks, variant: Variant) -> Server:
    port = free_port()
    configuration = folder / f"{port}.toml"
    configuration.write_text(
        _CONFIGURATION.format(
            port=port,
            database_url=store.url,
            smtp_port=_NOWHERE if variant is Variant.LEAN else sinks.smtp_port,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            algorithm="RS256" if variant is Variant.RS256 else "ES256",
        ),
        encoding="utf-8",
    )
    if variant is Variant.LEAN:
        command = [sys.executable, "-m", "bench.lean_server", str(sinks.socket), str(configuration)]
    else:
        program = Path(sys.executable).with_name("latchstring")
        command = [str(program), "serve", "--config", str(configuration)]
    return Server(command, port, "/readyz", folder / f"{port}.log", _as_installed(folder))


def _as_installed(folder: Path) -> dict[str, str]:
    """Return what makes a start find its bytecode, as an installed package's does.

    Whoever works on the source may have told Python to write none; then each start compiles all of
    it anew. Its first start, which is not measured, writes it.
    """
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


_USERS = ("id", "created_at", "updated_at", "last_sign_in_at", "sign_ins")
_TIMES = ("verified_at", "created_at", "browsers_known_since")
_IDENTIFIERS = ("identifier_digest", "connection", "identifier", "user_id", *_TIMES)


def _user(serial: int) -> tuple[object, ...]:
    return _user_id(serial), _LOADED_AT, _LOADED_AT, _LOADED_AT, 1


def _identifier(serial: int) -> tuple[object, ...]:
    found = Identifier(EMAIL, address(serial))
    times = (_LOADED_AT,) * 3
    return found.digest, found.connection, found.value, _user_id(serial), *times


def _user_id(serial: int) -> str:
    return f"email|_{serial:026}"
