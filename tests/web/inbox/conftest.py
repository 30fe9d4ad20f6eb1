"""An inbox with Alice's mail and Bob's text message in it, and a client that speaks to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from latchstring.domain.delivery.parcel import Mail, Sms
from latchstring.domain.delivery.senders.inbox import Inbox, InboxMessage
from latchstring.web.inbox import ExactHost, InboxSurface

HOST = "127.0.0.1:8000"
ORIGIN = f"http://{HOST}"
LINK = f"{ORIGIN}/l/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq"
HTML = (
    f'<!doctype html><html><head><title>x</title></head><body><a href="{LINK}">In</a></body></html>'
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: drives a real Chromium")


class StoppedClock:
    """It is always noon."""

    def now(self) -> datetime:
        """The one moment there is."""
        return datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Post:
    """Puts messages into the inbox, as the senders do."""

    inbox: Inbox

    def mail(self, to: str = "alice@example.com", **parts: str | None) -> InboxMessage:
        """A mail with a code and a link."""
        subject = parts.get("subject") or "482913 is your Acme sign-in code"
        content = f"From: Acme <login@acme.example>\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n482913"
        mail = Mail(
            recipient=to,
            sender="login@acme.example",
            message_id="<1@acme.example>",
            subject=subject,
            text=parts.get("text") or f"482913 is your code.\n\n{LINK}\n",
            html=parts.get("html") or HTML,
            content=content.encode(),
            code=parts.get("code", "482913"),
            link=parts.get("link", LINK),
        )
        return self.inbox.add(mail)

    def sms(self, to: str = "+12025550123", body: str = "") -> InboxMessage:
        """A text message with a code."""
        body = body or "Acme: 771204 is your sign-in code.\n\n@127.0.0.1 #771204"
        return self.inbox.add(Sms(recipient=to, sender="Acme", body=body, code="771204"))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(StoppedClock())


@pytest.fixture
def post(inbox: Inbox) -> Post:
    return Post(inbox)


@pytest.fixture
def surface(inbox: Inbox) -> InboxSurface:
    return InboxSurface(inbox, origin=ORIGIN, demo_url="http://127.0.0.1:8001/")


@pytest.fixture
async def client(surface: InboxSurface) -> AsyncIterator[httpx2.AsyncClient]:
    """A tool on this machine: no browser headers unless a test sends them."""
    transport = httpx2.ASGITransport(served(surface))
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


def served(surface: InboxSurface, host: str = HOST) -> ASGIApp:
    """The surface behind the host check, as `dev` mounts it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await surface.handle(Request(scope, receive))
        await response(scope, receive, send)

    return ExactHost(app, host)
