"""People before real browsers: Chromium windows that walk through a sign-in, watched as they go.

A watched browser notes what a careful developer would see in its tools: errors and warnings of the
console (refusals of the content policy among them), exceptions of scripts, and requests that leave
for a place that is neither the sign-in server nor the application.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import httpx2
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.support.ports import free_port
from tests.support.server import SECRET, Server, clean_environment
from tests.support.sinks import Mail

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_HEADLESS_SHELL = "chromium-headless-shell"
CLIENT = "acme-web"
PATIENCE = 20.0
PATIENCE_MS = PATIENCE * 1000
PHONE_VIEW: Any = {"width": 320, "height": 640}
"""A small phone, and what 400 % zoom leaves of a desk."""

WIDER_THAN_ITS_WINDOW = "document.documentElement.scrollWidth > innerWidth"

expect.set_options(timeout=PATIENCE_MS)


def fresh_email(name: str = "alice") -> str:
    """Return an address that nobody has used yet."""
    return f"{name}+{uuid4().hex[:10]}@example.com"


def chromium_path(*names: str) -> str:
    """Return where Chromium is; its absence is a failure and never a skipped test."""
    found = next(filter(None, map(shutil.which, names or _CHROMIUM)), None)
    assert found, "These tests need Chromium and its headless shell: make chromium"
    return found


@contextmanager
def the_driver() -> Iterator[BrowserType]:
    """Return what starts browsers: one in a process, as Playwright holds its thread's loop."""
    with sync_playwright() as playwright:
        yield playwright.chromium


@contextmanager
def a_chromium(driver: BrowserType, *arguments: str, whole: bool = False) -> Iterator[Browser]:
    """Run a browser: Chromium's headless shell, or the whole of it, which takes twice the CPU.

    A context of the whole one is a private window, where Chromium blocks the cookies of other
    sites; the shell allows them.
    """
    path = chromium_path() if whole else chromium_path(_HEADLESS_SHELL)
    browser = driver.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def an_application(port: int, issuer: str, secret: str) -> Iterator[str]:
    """Run the demo application as Acme's: a process of its own that knows the server by OpenID."""
    url = f"http://127.0.0.1:{port}"
    told = {"ISSUER": issuer, "CLIENT_ID": CLIENT, "CLIENT_SECRET": secret, "BASE_URL": url}
    process = subprocess.Popen(
        [sys.executable, "-m", "latchstring_demo"], env={**clean_environment(), **told}
    )
    try:
        wait_until_answered(f"{url}/", process)
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_until_answered(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process answers with 200; fail when it ends or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, f"it ended with {process.returncode} before {url} answered"
        assert time.monotonic() < deadline, f"{url} does not answer"
        try:
            if httpx2.get(url, timeout=2, trust_env=False).status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.02)


@dataclass
class Window:
    """One window of somebody's browser, and what the browser had to complain about."""

    page: Page
    server: str
    app: str
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Complaints that the test brings about on purpose, as patterns."""

    @property
    def context(self) -> BrowserContext:
        """The browser's profile: the cookies live here."""
        return self.page.context

    @property
    def heading(self) -> Locator:
        """The page's one heading."""
        return self.page.locator("h1")

    @property
    def code_field(self) -> Locator:
        """Where the code is typed."""
        return self.page.get_by_label("Sign-in code")

    @property
    def posts(self) -> list[str]:
        """The paths on the server that forms of this browser were posted to."""
        sent = [request for request in self.requests if request.method == "POST"]
        return [urlsplit(request.url).path for request in sent]

    def watch(self) -> "Window":
        """Note from now on what the browser asks for and complains about."""
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.context.on("request", self._asked)
        return self

    def tab(self) -> "Window":
        """Return a new tab of the same browser."""
        page = self.context.new_page()
        return Window(page, self.server, self.app, self.complaints, self.requests, self.expected)

    def goto(self, url: str) -> "Window":
        """Open an address."""
        self.page.goto(url)
        return self

    def press(self, name: str) -> "Window":
        """Press a button or follow a link by its words."""
        self.control(name).click()
        return self

    def control(self, name: str) -> Locator:
        """Return the button or link with these words."""
        button = self.page.get_by_role("button", name=name, exact=True)
        return button.or_(self.page.get_by_role("link", name=name, exact=True))

    def shows(self, heading: str) -> "Window":
        """Wait until the page with this heading is there."""
        expect(self.heading).to_have_text(re.compile(f"^{re.escape(heading)}"))
        return self

    def says(self, text: str) -> "Window":
        """Wait until the page's words hold this text."""
        expect(self.page.locator("body")).to_contain_text(text)
        return self

    def open_app(self) -> "Window":
        """Visit the application and press its button."""
        self.goto(f"{self.app}/").press("Sign in")
        return self.shows("Sign in to")

    def begin(self, **wishes: str) -> "Window":
        """Start a sign-in at the address that the application's button leads to."""
        return self.goto(f"{self.app}/login?{urlencode(wishes)}")

    def begin_with(self, **parameters: str) -> "Window":
        """Start a sign-in with more in the authorization request than the application says."""
        answer = self.context.request.get(f"{self.app}/login", max_redirects=0)
        return self.goto(f"{answer.headers['location']}&{urlencode(parameters)}")

    def ask(self, email: str) -> "Window":
        """Start a sign-in and give an email address."""
        return self.begin().give_email(email).shows("Check your email")

    def give_email(self, email: str) -> "Window":
        """Type an address and send it."""
        self.page.get_by_label("Email address").fill(email)
        return self.press("Continue")

    def ask_by_phone(self, number: str, country: str = "GB") -> "Window":
        """Start a sign-in and give a phone number."""
        self.begin().press("Use your mobile number instead")
        return self.give_phone(number, country).shows("Check your phone")

    def give_phone(self, number: str, country: str = "GB") -> "Window":
        """Choose a country, type a number and send both."""
        self.page.get_by_label("Country").select_option(country)
        self.page.get_by_label("Mobile number").fill(number)
        return self.press("Continue")

    def enter(self, code: str) -> "Window":
        """Type a code and send it."""
        self.code_field.fill(code)
        return self.press("Continue")

    def send_again(self) -> "Window":
        """Open the advice and press the button below it."""
        self.page.get_by_text("Nothing arrived?").click()
        self.page.get_by_role("button", name=re.compile("^Send a new")).click()
        return self

    def is_signed_in_as(self, who: str) -> "Window":
        """Wait until the application greets this person."""
        expect(self.heading).to_have_text(re.compile(rf"^You are signed in as\s+{re.escape(who)}$"))
        return self

    def is_signed_out(self) -> "Window":
        """Ask the application, which must not know anybody here."""
        return self.goto(f"{self.app}/").shows("Hello, stranger.")

    def sub(self) -> str:
        """Return whom the application took the person for."""
        return self.page.locator("dl code").inner_text()

    def picture(self, name: str) -> None:
        """Keep a picture of the page, where somebody wants to look at them."""
        folder = os.environ.get("JOURNEY_PICTURES")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def verdict(self) -> list[str]:
        """Return what was complained about without being expected, and who else was asked."""
        known = (self.server, self.app, "data:", "blob:", "about:")
        strangers = [r.url for r in self.requests if not r.url.startswith(known)]
        said = [c for c in self.complaints if not any(re.search(e, c) for e in self.expected)]
        return said + strangers

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        url = message.location.get("url", "")
        # Chromium also writes the status of the page itself there, which is what tests look at.
        page = message.page
        if message.text.startswith("Failed to load resource") and page and url == page.url:
            return
        self.complaints.append(f"{message.type}: {message.text} ({url})")

    def _asked(self, request: Request) -> None:
        self.requests.append(request)


@contextmanager
def watched_browsers(chromium: Browser, server: str, app: str) -> Iterator[Callable[..., Window]]:
    """Yield what opens a fresh browser; in the end none of them may have had a complaint."""
    opened: list[Window] = []

    def open_browser(*, scripts: bool = True, **options: Any) -> Window:
        options = {"locale": "en-US", "java_script_enabled": scripts, **options}
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        opened.append(Window(context.new_page(), server, app).watch())
        return opened[-1]

    try:
        yield open_browser
        complaints = [complaint for window in opened for complaint in window.verdict()]
        assert complaints == [], complaints
    finally:
        for window in opened:
            window.context.close()


def requested(server: Server, email: str, *, count: int) -> list[Mail]:
    """Have the application's own server ask for so many messages; return them, oldest first."""
    before = len(server.mail.to(email))
    for _ in range(count):
        body = {"client_id": CLIENT, "client_secret": SECRET, "connection": "email"}
        members = {**body, "email": email, "send": "both"}
        answer = httpx2.post(f"{server.url}/passwordless/start", json=members)
        assert answer.status_code == 200, answer.text
    server.mail.wait_for(email, count=before + count)
    return server.mail.to(email)[before:]


def a_free_address() -> tuple[int, str]:
    """Return a free port and its address."""
    port = free_port()
    return port, f"http://127.0.0.1:{port}"
