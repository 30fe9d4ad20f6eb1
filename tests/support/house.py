"""A whole installation in this process: real database, real flows, real pages; a clock that stands.

Messages go to a developer inbox. ``deliver`` runs the worker until nothing is due.
"""

import itertools
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
from starlette import types as asgi

from latchstring.base.settings import (
    ClientSettings,
    ConnectionSettings,
    LimitSettings,
    MailSettings,
    Send,
    Settings,
    SmsSettings,
)
from latchstring.domain.delivery.senders.inbox import Inbox, InboxMessage
from latchstring.flows.prepare_keys import PrepareKeys
from latchstring.flows.purge_expired import PurgeExpired
from latchstring.main import delivery
from latchstring.main.develop import inbox_senders
from latchstring.main.installation import Installation, opened
from latchstring.main.surfaces import Flows, Surfaces, flows
from latchstring.web.http.application import Application
from tests.support.clock import FixedClock
from tests.support.places import here, nodes

ORIGIN = "http://127.0.0.1:8321"
SECRET = "a-secret-of-at-least-32-characters!!"
CALLBACK = "http://127.0.0.1:9100/callback"
LOGIN = "http://127.0.0.1:9100/login"
START_OF_TIME = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def a_client_settings(**changes: Any) -> ClientSettings:
    """Return Acme, a confidential web application with both ways in."""
    values: dict[str, Any] = {
        "client_id": "acme-web",
        "client_secret": SECRET,
        "name": "Acme",
        "callbacks": (CALLBACK,),
        "logout_urls": ("http://127.0.0.1:9100/",),
        "initiate_login_uri": LOGIN,
        "web_origins": ("http://127.0.0.1:9100",),
        "connections": ("email", "sms"),
        "require_pkce": False,  # most of what is asked here is not about it
    }
    return ClientSettings(**{**values, **changes})


def a_public_client(**changes: Any) -> ClientSettings:
    """Return Acme's single-page application, which can keep no secret."""
    return a_client_settings(**{"client_id": "acme-spa", "client_secret": None, **changes})


def some_settings(folder: Path, **changes: Any) -> Settings:
    """Return settings over a database file in the folder; examples may sign in."""
    email = changes.pop("email", {})
    sms = changes.pop("sms_connection", {})
    values: dict[str, Any] = {
        "public_url": ORIGIN,
        "listen": "127.0.0.1:8321",
        "database_url": f"sqlite:///{folder / 'var' / 'latchstring.db'}",
        "secret_key_file": folder / "keys" / "secret.key",
        "allow_example_identifiers": True,
        "mail": MailSettings(from_="Acme <login@auth.acme.example>"),
        "sms": SmsSettings(from_="Acme"),
        "limits": LimitSettings(),
        "connections": {
            "email": ConnectionSettings(**email),
            "sms": ConnectionSettings(
                **{"send": Send.CODE, "countries": ("US", "GB", "DE"), **sms}
            ),
        },
        "clients": (a_client_settings(), a_public_client()),
    }
    return Settings(**{**values, **changes})


def settings_here(folder: Path, **changes: Any) -> Settings:
    """Return settings over a database of the current place, unless they name one."""
    if "database_url" not in changes:
        changes |= here().settings_for(folder / "var" / "latchstring.db")
    return some_settings(folder, **changes)


# No repr, here and beside: for each test asyncio makes a text of what its fixtures gave, and throws
# it away; of a whole house that took longer than the test.
@dataclass(slots=True, repr=False)
class House:
    """The installation, and ways to use it as people and applications do."""

    settings: Settings
    clock: FixedClock
    installation: Installation
    flows: Flows
    application: Application
    inbox: Inbox
    worker: Any
    others: tuple["House", ...] = ()
    """Further nodes of the same installation, on the same database."""
    _browsers: list["Browser"] = field(default_factory=list)
    _requests: Iterator[int] = field(default_factory=itertools.count)

    def browser(self, **headers: str) -> "Browser":
        """Return a fresh browser without scripts: it keeps cookies and follows redirects."""
        return Browser(self.http(**headers))

    def http(self, *, ip: str = "192.0.2.7", **headers: str) -> httpx2.AsyncClient:
        """Return a bare HTTP client at an address of its own."""
        entrance = self._next_node if self.others else self.application
        transport = httpx2.ASGITransport(app=entrance, client=(ip, 50000))
        return httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    async def _next_node(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """Have each request answered by another node than the one before.

        It reads the configuration first, as it would in a second or two: what is tested here is
        not how long that takes.
        """
        all_nodes = (self, *self.others)
        node = all_nodes[next(self._requests) % len(all_nodes)]
        await node.installation.configuration.refresh()
        await node.application(scope, receive, send)

    async def start(self, email: str = "alice@example.com", **members: Any) -> httpx2.Response:
        """Ask for a message at the API, as Acme's server does; ``None`` leaves a member out."""
        body: dict[str, Any] = {
            "client_id": "acme-web",
            "client_secret": SECRET,
            "connection": "email",
            "email": email,
            "send": "code",
        }
        body = {name: v for name, v in {**body, **members}.items() if v is not None}
        async with self.http() as http:
            return await http.post("/passwordless/start", json=body)

    async def exchange(
        self, code: str, email: str = "alice@example.com", **members: Any
    ) -> httpx2.Response:
        """Exchange a typed code for tokens at the API; ``None`` leaves a member out."""
        body: dict[str, Any] = {
            "grant_type": "http://auth0.com/oauth/grant-type/passwordless/otp",
            "client_id": "acme-web",
            "client_secret": SECRET,
            "realm": "email",
            "username": email,
            "otp": code,
            "scope": "openid email",
        }
        body = {name: v for name, v in {**body, **members}.items() if v is not None}
        async with self.http() as http:
            return await http.post("/oauth/token", json=body)

    async def deliver(self) -> None:
        """Run the worker until nothing is due."""
        for node in (self, *self.others):
            await node.worker.deliver_due()

    async def messages(self, recipient: str = "alice@example.com") -> list[InboxMessage]:
        """Deliver, and return what a recipient has received, newest first."""
        await self.deliver()
        return [found for found in self.inbox.list() if found.recipient == recipient]

    async def newest(self, recipient: str = "alice@example.com") -> InboxMessage:
        """Deliver, and return a recipient's newest message."""
        return (await self.messages(recipient))[0]

    async def code(self, recipient: str = "alice@example.com") -> str:
        """Return the newest code that a recipient has received."""
        return (await self.newest(recipient)).code or ""

    async def link(self, recipient: str = "alice@example.com") -> str:
        """Return the newest link that a recipient has received."""
        return (await self.newest(recipient)).link or ""

    async def change(self, connection: str = "email", **values: Any) -> None:
        """Change a connection's settings as an administrator does, effective at once."""
        from latchstring.flows.manage_connections import ManageConnections  # noqa: PLC0415 - rare

        manage = ManageConnections(
            self.installation.database, self.clock, self.installation.configuration.refresh
        )
        await manage.change(connection, values)

    async def purge(self) -> int:
        """Drop what expired long ago."""
        return await PurgeExpired(self.installation.database, self.clock)()


@asynccontextmanager
async def a_house(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """Open an installation in a folder; ``email={...}`` and other settings replace defaults."""
    settings, clock = settings_here(folder, **changes), FixedClock(START_OF_TIME)
    inbox = Inbox(clock)
    async with AsyncExitStack() as stack:
        house, *others = [
            await stack.enter_async_context(_a_node(settings, clock, inbox)) for _ in range(nodes())
        ]
        house.others = tuple(others)
        yield house


@asynccontextmanager
async def _a_node(settings: Settings, clock: FixedClock, inbox: Inbox) -> AsyncIterator[House]:
    async with opened(settings, clock) as installation:
        signer = await PrepareKeys(installation.database, installation.keyring, clock)()
        worker = delivery.worker(installation, inbox_senders(inbox), delivery.SERVER)
        made = flows(installation, signer, worker)
        application = Surfaces(installation, signer, made).application()
        yield House(settings, clock, installation, made, application, inbox, worker)


@dataclass(slots=True)
class Page:
    """One answer as a browser without scripts shows it."""

    response: httpx2.Response
    left_for: str = ""
    """Where the browser was sent that is not this server."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def url(self) -> str:
        """Where the browser is."""
        return self.left_for or str(self.response.url)

    @property
    def text(self) -> str:
        """The page's words, tags taken out."""
        bare = re.sub(r"<(style|script)\b.*?</\1>", " ", self.response.text, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())

    @property
    def heading(self) -> str:
        """The page's one heading."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.response.text, re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", "", found[1])).split()) if found else ""

    @property
    def forms(self) -> list[str]:
        """The actions of the page's forms, in their order."""
        return re.findall(r'<form\b[^>]*\baction="([^"]*)"', self.response.text)

    @property
    def csrf(self) -> str:
        """The form token."""
        found = re.search(r'name="csrf"\s+value="([^"]*)"', self.response.text)
        return found[1] if found else ""

    @property
    def query(self) -> dict[str, str]:
        """The query of where the browser was sent last."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}


@dataclass(slots=True, repr=False)
class Browser:
    """A browser without scripts. It stops at addresses that are not this server's."""

    http: httpx2.AsyncClient

    async def get(self, url: str, **headers: str) -> Page:
        """Open an address."""
        return await self._follow(await self.http.get(url, headers=headers))

    async def post(self, page: Page, action: str | None = None, **fields: str) -> Page:
        """Send a form of the page, the first one unless an action is named."""
        url = urljoin(page.url, action or page.forms[0])
        data = {"csrf": page.csrf, **fields}
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        return await self._follow(await self.http.post(url, data=data, headers=headers))

    async def authorize(self, **changes: str | None) -> Page:
        """Come from Acme with an authorization request."""
        values = {
            "client_id": "acme-web",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid email profile",
            "state": "a-state",
            **changes,
        }
        params = {name: value for name, value in values.items() if value is not None}
        return await self._follow(await self.http.get("/authorize", params=params))

    async def ask(self, email: str = "alice@example.com", **changes: str | None) -> Page:
        """Come from Acme and give an email address; return the page that waits for the code."""
        page = await self.authorize(**changes)
        return await self.post(page, email=email)

    async def _follow(self, response: httpx2.Response) -> Page:
        while response.is_redirect:
            url = urljoin(str(response.url), response.headers["location"])
            if not url.startswith(ORIGIN):
                return Page(response, url)
            response = await self.http.get(url)
        return Page(response)
