"""The product: ``latchstring serve``, lean or full, on either database, one node or several."""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench.client import API, CALLBACK, CLIENT_ID, CLIENT_SECRET, CREDENTIALS, TOKEN_PATH
from bench.contestants import Census, Contestant
from bench.load import Load
from bench.pages import PagesLoad
from bench.people import Person, address
from bench.processes import Server
from bench.refreshing import RefreshLoad
from bench.sinks import Sinks
from bench.stores import Store
from bench.wire import Answer, Request
from latchstring.domain.identities.identifier import EMAIL, Identifier
from tests.support.ports import free_port

_GRANT = "http://auth0.com/oauth/grant-type/passwordless/otp"
_HTTP_OK = 200
_DOTS_OF_A_JWT = 2
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
starts_per_address    = "1000000/h"

[connections.email]
send = "both"

[[clients]]
client_id     = "{client_id}"
client_secret = "{client_secret}"
name          = "Acme"
callbacks     = ["{callback}"]
id_token_signed_response_alg = "{algorithm}"

[[apis]]
identifier  = "{api}"
name        = "An API"
signing_alg = "{algorithm}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What a login is made of."""

    key: str
    name: str
    algorithm: str = "ES256"
    """Of ID tokens, and of the API's access tokens."""

    mails: bool = True
    """A mail by SMTP and an ID token; else the bare code to a socket, and none."""

    api: bool = False
    """The access token is signed, for an API; else it is opaque."""

    offline: bool = False
    """A refresh token comes with it."""

    load: type[Load] = Load

    @property
    def scope(self) -> str:
        """What the application asks for."""
        words = ["openid"] * self.mails + ["email"] + ["offline_access"] * self.offline
        return " ".join(words)

    @property
    def tokens(self) -> set[str]:
        """What it is given for that."""
        wanted = {"access_token": True, "id_token": self.mails, "refresh_token": self.offline}
        return {name for name, is_given in wanted.items() if is_given}


LEAN = Variant(key="lean", name="lean", mails=False)


def full(algorithm: str) -> Variant:
    """Return the grant with a mail and an ID token, beside django-allauth."""
    return Variant(key=algorithm.lower(), name=f"full, {algorithm}", algorithm=algorithm)


def otp(algorithm: str, *, api: bool = False, offline: bool = False) -> Variant:
    """Return the one-time-password grant, as ``full``, and what may be added to it."""
    added = (" for an API" if api else "") + (" with a refresh token" if offline else "")
    return Variant(
        key=f"otp{'-api' * api}{'-offline' * offline}-{algorithm.lower()}",
        name=f"OTP grant{added}, {algorithm}",
        algorithm=algorithm,
        api=api,
        offline=offline,
    )


def code_flow(algorithm: str) -> Variant:
    """Return the authorization code flow, through the hosted pages."""
    return Variant(
        key=f"code-flow-{algorithm.lower()}",
        name=f"code flow, {algorithm}",
        algorithm=algorithm,
        load=PagesLoad,
    )


def refreshing(algorithm: str) -> Variant:
    """Return a refresh in place of a login."""
    return Variant(
        key=f"refresh-{algorithm.lower()}",
        name=f"refresh, {algorithm}",
        algorithm=algorithm,
        offline=True,
        load=RefreshLoad,
    )


@dataclass(frozen=True, slots=True)
class Auth0Dialect:
    """The passwordless API in Auth0's shapes."""

    variant: Variant

    def start(self, person: Person) -> Request:
        """Ask for a code."""
        body = {"connection": "email", "email": person.address, "send": "code"}
        return Request("/passwordless/start", CREDENTIALS | body)

    def is_started(self, answer: Answer) -> bool:
        """Tell whether a code was promised."""
        return answer.status == _HTTP_OK

    def verify(self, person: Person, code: str, _started: Answer) -> Request:
        """Trade the code for tokens."""
        body = {"grant_type": _GRANT, "realm": "email", "username": person.address, "otp": code}
        body |= {"scope": self.variant.scope} | ({"audience": API} if self.variant.api else {})
        return Request(TOKEN_PATH, CREDENTIALS | body)

    def is_signed_in(self, answer: Answer) -> bool:
        """Tell whether exactly the tokens came that were asked for."""
        tokens = {name for name in answer.body if name.endswith("_token")}
        is_signed = str(answer.body.get("access_token")).count(".") == _DOTS_OF_A_JWT
        wanted = (self.variant.tokens, self.variant.api)
        return answer.status == _HTTP_OK and (tokens, is_signed) == wanted


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
        name=f"latchstring, {variant.name}",
        people=people,
        dialect=Auth0Dialect(variant),
        servers=servers,
        store=store,
        census=_CENSUS,
        prepare=prepare,
        load=variant.load,
        configuration=folder / f"{servers[0].port}.toml",
    )


def _node(folder: Path, store: Store, sinks: Sinks, variant: Variant) -> Server:
    port = free_port()
    configuration = folder / f"{port}.toml"
    configuration.write_text(
        _CONFIGURATION.format(
            port=port,
            database_url=store.url,
            smtp_port=sinks.smtp_port if variant.mails else _NOWHERE,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            callback=CALLBACK,
            api=API,
            algorithm=variant.algorithm,
        ),
        encoding="utf-8",
    )
    if not variant.mails:
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
