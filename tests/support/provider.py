"""An OpenID Provider in process: its rooms, flows and surfaces on a real database file."""

import base64
import hashlib
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import jwt
import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from latchstring.base.ids import ClientId, UserId
from latchstring.base.origin import NOWHERE
from latchstring.base.secrets import Keyring, digest
from latchstring.base.settings import GrantType, LimitSettings, SigningAlgorithm
from latchstring.db import statements
from latchstring.db.database import Database, Transaction
from latchstring.domain.apis.api import Api
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.code import Presented, Terms, issue
from latchstring.domain.clients.client import Client
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import EMAIL, SMS, Identifier
from latchstring.domain.keys import store as keys
from latchstring.domain.keys.key import KeyState, SigningKey, generate
from latchstring.domain.keys.signer import Signer
from latchstring.domain.sessions.session import Lifetime, Session
from latchstring.domain.tokens import refresh
from latchstring.flows.answer_request import AnswerRequest
from latchstring.flows.authorize import Authorize
from latchstring.flows.client_keys import ClientKeys
from latchstring.flows.describe_user import DescribeUser
from latchstring.flows.exchange_code import ExchangeCode, ExchangeRequest
from latchstring.flows.find_access_token import FindAccessToken
from latchstring.flows.find_person import hold_person
from latchstring.flows.find_session import FindSession
from latchstring.flows.grant_scope import GrantScope
from latchstring.flows.introspect_token import IntrospectToken
from latchstring.flows.issue_tokens import IssueTokens, TokenRequest, Tokens, Unsigned
from latchstring.flows.open_session import OpenSession, SessionRequest
from latchstring.flows.prepare_keys import CheckKeyring, PrepareKeys
from latchstring.flows.prove_client import ProveClient
from latchstring.flows.push_request import PushRequest
from latchstring.flows.redeem_device import RedeemDevice
from latchstring.flows.refresh_configuration import Configuration, RefreshConfiguration
from latchstring.flows.refresh_tokens import RefreshTokens
from latchstring.flows.resume_authorization import ResumeAuthorization
from latchstring.flows.revoke_token import RevokeToken
from latchstring.flows.sign_out import SignOut
from latchstring.flows.sign_out_everywhere import SignOutEverywhere
from latchstring.flows.start_device import StartDevice
from latchstring.web.http.application import Application
from latchstring.web.http.cookies import Cookies
from latchstring.web.http.form_guard import FormGuard
from latchstring.web.http.language import Languages
from latchstring.web.http.origin import OriginReader
from latchstring.web.http.sentence import Sentence
from latchstring.web.http.surface import Surface
from latchstring.web.oidc import device_grant, refresh_grant
from latchstring.web.oidc.code_grant import GRANT_TYPE, CodeGrant
from latchstring.web.oidc.pages import DeveloperDetail
from latchstring.web.oidc.registration import RegistrationEndpoint
from latchstring.web.oidc.routes import (
    ApplicationParts,
    BrowserParts,
    application_surface,
    browser_surface,
)
from tests.support.assertions import PublishedKeys
from tests.support.clock import FixedClock
from tests.support.places import here, nodes

ORIGIN = "http://127.0.0.1:8321"
ISSUER = f"{ORIGIN}/"
KEYRING = Keyring({1: b"k" * 32})
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
LIFETIME = Lifetime(idle=timedelta(days=3), absolute=timedelta(days=7))
CODE_LIFETIME = timedelta(seconds=60)
TOKEN_LIFETIME = timedelta(days=1)
REFRESH_LIFETIME = refresh.Lifetime(idle=timedelta(days=15), absolute=timedelta(days=30))
ALICE = Identifier(EMAIL, "alice@example.com")
BOB = Identifier(SMS, "+447700900123", "GB")

SECRET = "a-secret-of-at-least-32-characters!!"
CALLBACK = "https://app.test/cb"
LOGGED_OUT = "https://app.test/"
TENANT_LOGGED_OUT = ("https://acme.test/bye", "https://acme.test/")
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]


def a_client(client_id: str = "acme-web", **changes: Any) -> Client:
    values: dict[str, Any] = {
        "name": "Acme",
        "secret_digest": digest(SECRET),
        "callbacks": (CALLBACK,),
        "logout_urls": (LOGGED_OUT,),
        "web_origins": ("https://app.test",),
        "connections": (EMAIL, SMS),
        "grant_types": tuple(GrantType),
    }
    return Client(client_id=ClientId(client_id), **(values | changes))


API = Api.from_values(
    {
        "identifier": "https://api.acme.test/",
        "name": "Acme's letters",
        "scopes": ["read:letters", "write:letters"],
        "token_lifetime": 600,
        "signing_alg": "RS256",
    }
)

CLIENTS: dict[str, Client] = {
    client.client_id: client
    for client in (
        a_client(),
        a_client("acme-spa", secret_digest=None),
        a_client("mallory-web", callbacks=("https://mallory.test/cb",)),
    )
}


@dataclass
class PlainPages:
    """Draws every page as one line, and remembers what it was handed."""

    seen: dict[str, Any] = field(default_factory=dict)

    def error(
        self,
        request: Request,
        sentence: Sentence,
        *,
        status: int,
        client: Client | None = None,
        developer: DeveloperDetail | None = None,
    ) -> Response:
        self.seen = {"client": client, "developer": developer}
        return PlainTextResponse(f"error: {sentence.text}", status)

    def sign_in_over(self, request: Request, *, client: Client | None) -> Response:
        self.seen = {"client": client}
        return PlainTextResponse("sign-in over", 400)

    def post_back(
        self,
        request: Request,
        client: Client,
        *,
        action: str,
        fields: Sequence[tuple[str, str]],
    ) -> Response:
        self.seen = {"client": client, "action": action, "fields": dict(fields)}
        return PlainTextResponse("post back")

    def confirm_sign_out(
        self,
        request: Request,
        session: Session,
        *,
        action: str,
        fields: Sequence[tuple[str, str]],
        csrf: str,
        client: Client | None,
    ) -> Response:
        self.seen = {"action": action, "fields": dict(fields), "csrf": csrf, "client": client}
        return PlainTextResponse("sign out?")

    def crashed(self, request: Request) -> Response:
        return PlainTextResponse("crashed", 500)

    def signed_out(
        self, request: Request, *, client: Client | None, return_url: str | None
    ) -> Response:
        self.seen = {"client": client, "return_url": return_url}
        return PlainTextResponse("signed out")


@dataclass(repr=False)
class Provider:
    """Everything between the wire and the file, with doors for tests."""

    database: Database
    clock: FixedClock
    signer: Signer
    clients: dict[str, Client] = field(default_factory=lambda: dict(CLIENTS))
    apis: dict[str, Api] = field(default_factory=lambda: {API.identifier: API})
    pages: PlainPages = field(default_factory=PlainPages)
    confirm_logout: bool = False
    caller: PublishedKeys = field(default_factory=PublishedKeys)
    registering: RegistrationEndpoint | None = None
    second: tuple[Database, Signer] | None = None
    """What another node on the same database has of its own."""
    cookies: Cookies = field(
        default_factory=lambda: Cookies(
            secure=False, session_lifetime=timedelta(days=7), known_lifetime=timedelta(days=180)
        )
    )

    def __post_init__(self) -> None:
        self.find_session = FindSession(self.database, self.clock, LIFETIME)
        self.issue_tokens = IssueTokens(
            self.signer, ISSUER, TOKEN_LIFETIME, KEYRING, REFRESH_LIFETIME
        )
        find_token = FindAccessToken(self.signer, self.clock)
        self.refresh_tokens = RefreshTokens(self.database, self.clock, KEYRING, self.issue_tokens)
        self.introspect = IntrospectToken(self.database, self.clock, KEYRING, find_token)
        self.revoke = RevokeToken(self.database, self.clock, KEYRING, find_token)
        self.exchange_code = ExchangeCode(self.database, self.clock, self.issue_tokens)
        held = Configuration({}, self.clients, self.apis, (), 1)
        self.configuration = RefreshConfiguration(self.database, _current=held)
        answer = AnswerRequest(self.configuration, self.issue_tokens, CODE_LIFETIME)
        self.authorize = Authorize(self.database, self.clock, answer)
        self.resume = ResumeAuthorization(self.database, self.clock, answer)
        self.push = PushRequest(self.database, self.clock)
        self.grant_scope = GrantScope(self.configuration, ISSUER)
        self.start_device = StartDevice(self.database, KEYRING, self.clock, LimitSettings())
        self.redeem_device = RedeemDevice(self.database, self.clock, self.issue_tokens)
        self.describe_user = DescribeUser(self.database, find_token)
        self.prove_client = ProveClient(
            self.database, self.clock, ISSUER, ClientKeys(self.caller, self.clock)
        )
        self.sign_out = SignOut(self.database, self.clock)
        self.form_guard = FormGuard(KEYRING, ORIGIN)

    def application(self) -> Application:
        browser = browser_surface(
            BrowserParts(
                issuer=ISSUER,
                clients=lambda: self.clients,
                signer=self.signer,
                cookies=self.cookies,
                form_guard=self.form_guard,
                pages=self.pages,
                find_session=self.find_session,
                grant_scope=self.grant_scope,
                push=self.push,
                authorize=self.authorize,
                resume=self.resume,
                sign_out=self.sign_out,
                sign_out_everywhere=SignOutEverywhere(self.database, self.clock),
                logout_urls=TENANT_LOGGED_OUT,
                confirm_logout=self.confirm_logout,
            )
        )
        application = application_surface(
            ApplicationParts(
                issuer=ISSUER,
                clients=lambda: self.clients,
                signer=self.signer,
                clock=self.clock,
                grants={
                    GRANT_TYPE: CodeGrant(self.exchange_code, lambda: self.apis),
                    device_grant.GRANT_TYPE: device_grant.DeviceCodeGrant(
                        self.redeem_device, lambda: self.apis
                    ),
                    refresh_grant.GRANT_TYPE: refresh_grant.RefreshGrant(
                        self.refresh_tokens, lambda: self.apis
                    ),
                },
                grant_scope=self.grant_scope,
                push=self.push,
                describe_user=self.describe_user,
                start_device=self.start_device,
                introspect=self.introspect,
                revoke=self.revoke,
                prove=self.prove_client,
                registering=self.registering,
            )
        )
        nobody = Surface(
            name="nobody",
            routes={"*": {"GET": _not_found}},
            on_error=browser.on_error,
            on_crash=browser.on_crash,
        )
        origins = OriginReader((), Languages(frozenset({"en"})))
        return Application([browser, application], nobody, origins)

    def entrance(self) -> ASGIApp:
        """The application; of two nodes, each request is answered by another than the last."""
        if self.second is None:
            return self.application()
        database, signer = self.second
        other = replace(self, database=database, signer=signer, second=None)
        in_turn = itertools.cycle((self.application(), other.application()))

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await next(in_turn)(scope, receive, send)

        return answer

    def browser(self) -> "Browser":
        transport = httpx2.ASGITransport(app=self.entrance())
        return Browser(self, httpx2.AsyncClient(transport=transport, base_url=ORIGIN))

    async def issue(self, request: TokenRequest) -> Tokens:
        """Issue tokens as a flow does."""
        unsigned = await self.record(request)
        assert unsigned is not None
        return self.issue_tokens.sign(unsigned)

    async def record(self, request: TokenRequest) -> Unsigned | None:
        """Write what is to be signed, or nothing for a user shut out."""
        now = self.clock.now()

        async def work(tx: Transaction) -> Unsigned | None:
            person = await hold_person(tx, request.user_id)
            if person is None:
                return None
            return await self.issue_tokens.record(tx, request, person, now=now)

        return await self.database.transact(work)

    async def user(self, identifier: Identifier = ALICE) -> UserId:
        """Return the user of an identifier, made where there is none yet."""
        now = self.clock.now()

        async def make(tx: Transaction) -> UserId:
            found = await identities.find_standing(tx, identifier.digest)
            return found.user_id if found else await identities.create(tx, identifier, now)

        return await self.database.transact(make)

    async def session(
        self, identifier: Identifier = ALICE, amr: tuple[str, ...] = ("otp", "email")
    ) -> tuple[Session, str]:
        user_id, now = await self.user(identifier), self.clock.now()
        request = SessionRequest(
            identifier=identifier, client_id=ClientId("acme-web"), origin=NOWHERE
        )
        open_session = OpenSession(LIFETIME)
        opened = await self.database.transact(
            lambda tx: open_session(tx, request, user_id, amr, now=now)
        )
        return opened.session, opened.token

    def claims(self, id_token: str, audience: str = "acme-web") -> dict[str, Any]:
        """What a verifier that is not ours reads, at the provider's time."""
        key = jwt.PyJWKSet.from_json(self.signer.document.decode())
        header = jwt.get_unverified_header(id_token)
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key[header["kid"]],
            algorithms=["RS256", "ES256"],
            audience=audience,
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False},
        )
        return claims


@dataclass(repr=False)
class Browser:
    """A browser, or an application's own connection: it keeps cookies and follows nothing."""

    provider: Provider
    http: httpx2.AsyncClient

    async def sign_in(self, identifier: Identifier = ALICE) -> Session:
        session, token = await self.provider.session(identifier)
        self.http.cookies.set("latchstring_session", token, domain="127.0.0.1")
        return session

    async def authorize(self, **changes: str | None) -> httpx2.Response:
        return await self.http.get("/authorize", params=asked(**changes))

    async def code(self, **changes: str | None) -> str:
        return query(await self.authorize(**changes))["code"]

    async def token(self, **changes: str | None) -> httpx2.Response:
        return await self.http.post("/oauth/token", data=token_request(**changes))


def asked(**changes: str | None) -> dict[str, str]:
    values: dict[str, str | None] = {
        "client_id": "acme-web",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile email phone",
        "state": "s 1&",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: text for name, text in (values | changes).items() if text is not None}


def token_request(**changes: str | None) -> dict[str, str]:
    values: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "client_id": "acme-web",
        "client_secret": SECRET,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return {name: text for name, text in (values | changes).items() if text is not None}


def presented(**changes: Any) -> Presented:
    values: dict[str, Any] = {
        "client_id": ClientId("acme-web"),
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "must_prove": False,
    }
    return Presented(**(values | changes))


def exchange(code: str, **changes: Any) -> ExchangeRequest:
    return ExchangeRequest(code=code, presented=presented(**changes), origin=NOWHERE)


def query(response: httpx2.Response) -> dict[str, str]:
    """The parameters of where a response leads, each once."""
    assert response.status_code == 303, response.text
    pairs = parse_qsl(urlsplit(response.headers["location"]).query, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def fragment(response: httpx2.Response) -> dict[str, str]:
    """The parameters behind the ``#`` of where a response leads, each once."""
    assert response.status_code == 303, response.text
    pairs = parse_qsl(urlsplit(response.headers["location"]).fragment, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def where(response: httpx2.Response) -> str:
    """Where a response leads, without the parameters."""
    assert response.status_code == 303, response.text
    return str(response.headers["location"]).partition("?")[0]


def basic(client_id: str, secret: str) -> Mapping[str, str]:
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


async def _not_found(_request: Request) -> Response:
    return JSONResponse({}, 404)


@cache
def _signing_key() -> SigningKey:
    # Making an RSA key takes longer than most tests.
    return generate(SigningAlgorithm.RS256, KeyState.CURRENT, KEYRING, now=AT)


@asynccontextmanager
async def a_provider(folder: Path) -> AsyncIterator[Provider]:
    database, clock = await here().open(folder / "latchstring.db"), FixedClock(AT)
    opened = [database]
    try:
        await CheckKeyring(database, KEYRING)()
        await database.transact(lambda tx: keys.insert_key(tx, _signing_key()))
        signer = await PrepareKeys(database, KEYRING, clock)()
        found = Provider(database, clock, signer)
        if nodes() > 1:
            other = await here().open(folder / "latchstring.db")
            opened.append(other)
            found.second = (other, await PrepareKeys(other, KEYRING, clock)())
        yield found
    finally:
        for database in opened:
            await database.close()


LIVE = statements.parse(
    "-- live --\n-- All.\nselect count(*) as n from access_tokens where revoked_at is null"
)


async def a_sign_in(provider: Provider, **changes: Any) -> Tokens:
    """Return what Alice's application has of a sign-in of hers, refresh token included."""
    session, _ = await provider.session()
    request = TokenRequest(
        client_id=ClientId("acme-web"),
        user_id=session.user_id,
        session_id=session.id,
        scope="openid email offline_access",
        auth_time=session.authenticated_at,
        amr=session.amr,
        nonce="n",
    )
    return await provider.issue(msgspec.structs.replace(request, **changes))


async def a_code(provider: Provider, scope: str = "openid") -> str:
    """Return a code that was issued for a session of Alice's."""
    session, _ = await provider.session()
    terms = Terms(
        client_id=ClientId("acme-web"),
        redirect_uri=CALLBACK,
        user_id=session.user_id,
        session_id=session.id,
        scope=scope,
        nonce=None,
        code_challenge=CHALLENGE,
        auth_time=session.authenticated_at,
        amr=session.amr,
    )
    code, row = issue(terms, lifetime=CODE_LIFETIME, now=provider.clock.now())
    await provider.database.transact(lambda tx: authorizations.insert_code(tx, row))
    return code


async def live_tokens(provider: Provider) -> int | None:
    """Return how many access tokens are not revoked."""
    return await provider.database.read(lambda tx: tx.one(LIVE["live"], int, {}))
