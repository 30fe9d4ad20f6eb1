"""``latchstring dev`` in an empty folder: a stranger signs in with nothing but two open tabs."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import expect

from tests.support.browsing import PATIENCE, Window, fresh_email, watched_browsers
from tests.support.server import PROGRAM, clean_environment

PORT = 27000
"""Where the search for free ports begins, for the first of the processes that run the tests."""


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[dict[str, Any]]:
    """Start it, read what it prints, and stop it as a terminal does."""
    folder = tmp_path_factory.mktemp("empty")
    log = folder.parent / "dev.log"
    # Others start one at the same time, and between the search and its use a port may be taken.
    port = PORT + 10 * int("0" + worker_id.removeprefix("master").removeprefix("gw"))
    ports = ["--port", str(port), "--demo-port", str(port + 1)]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*PROGRAM, "dev", "--json", *ports],
            cwd=folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, log.read_text()
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert [path.name for path in Path(folder).iterdir()] == [".latchstring"]


@pytest.fixture
def open_here(chromium, addresses):
    issuer, app = addresses["issuer"].rstrip("/"), addresses["application"].rstrip("/")
    with watched_browsers(chromium, issuer, app) as opener:
        yield opener


def inbox_of(window: Window, recipient: str, *, count: int = 1) -> Window:
    """Open the inbox in another tab, at the newest message to somebody once so many are there."""
    inbox = window.tab().goto(f"{window.server}/dev/mail?q={quote(recipient)}")
    message = inbox.page.locator("#message")
    deadline = time.monotonic() + PATIENCE
    while inbox.page.locator("#list nav li").count() < count and time.monotonic() < deadline:
        inbox.page.reload()
    expect(message).to_contain_text(recipient)
    return inbox


def code_in(inbox: Window) -> str:
    return inbox.page.locator("#message #code").inner_text()


def test_a_stranger_signs_in_by_code_by_link_and_by_sms_and_out_again(open_here, number, scripts):
    email = fresh_email("stranger")
    window = open_here(scripts=scripts).open_app()
    window.give_email(email).shows("Check your email")
    inbox = inbox_of(window, email)
    inbox.picture(f"dev-inbox-{scripts}")
    window.enter(code_in(inbox)).is_signed_in_as(email)
    window.picture(f"dev-demo-{scripts}")
    window.press("Sign out").says("You are signed out.")

    window.ask(email)
    inbox = inbox_of(window, email, count=2)
    with window.context.expect_page() as opened:
        inbox.press("Open link")
    mailed = Window(opened.value, window.server, window.app)
    if not scripts:
        mailed.press("Continue")
    mailed.is_signed_in_as(email).press("Sign out").says("You are signed out.")

    window.ask_by_phone(number)
    inbox = inbox_of(window, number)
    inbox.picture(f"dev-sms-{scripts}")
    window.enter(code_in(inbox)).is_signed_in_as(number).press("Sign out")
    window.says("You are signed out.")


def test_the_inbox_shows_a_message_that_arrives_while_it_is_open(open_here):
    email = fresh_email("stranger")
    window = open_here()
    inbox = window.tab().goto(f"{window.server}/dev/mail")
    expect(inbox.page.locator("#live")).to_contain_text("Live")
    window.ask(email)
    inbox.page.bring_to_front()
    expect(inbox.page.locator("#message")).to_contain_text(email)
    window.enter(code_in(inbox)).is_signed_in_as(email)


@pytest.mark.parametrize("path", ["mail", "mail.json", "mail/1", "mail/events", "mail/1/html", ""])
def test_nothing_of_the_inbox_can_be_reached_from_serve(server, path):
    assert httpx2.get(f"{server.url}/dev/{path}").status_code == 404
