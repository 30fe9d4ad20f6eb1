"""The inbox in a real browser: live, harmless, copyable, and open to everybody's eyes."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from latchstring.cli.dev_ports import listen_near, port_of
from latchstring.domain.delivery.senders.inbox import Inbox
from latchstring.web.inbox import InboxSurface
from tests.web.inbox.conftest import HTML, Post, StoppedClock, served

EVIL = HTML.replace("</body>", "<script>document.body.textContent = 'owned'</script></body>")


@dataclass
class Running:
    """An inbox behind a loopback port, served by a thread of its own."""

    url: str
    inbox: Inbox
    surface: InboxSurface
    loop: asyncio.AbstractEventLoop

    def do(self, act: Callable[[Post], object]) -> None:
        """Let something happen in the server's thread."""
        done = threading.Event()

        def acted() -> None:
            act(Post(self.inbox))
            done.set()

        self.loop.call_soon_threadsafe(acted)
        assert done.wait(10)


@pytest.fixture
def running() -> Iterator[Running]:
    started = threading.Event()
    sock = listen_near(23000)
    url = f"http://127.0.0.1:{port_of(sock)}"
    inbox = Inbox(StoppedClock())
    surface = InboxSurface(inbox, origin=url, demo_url=f"{url}/demo")
    app = served(surface, url.removeprefix("http://"))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, ws="none"))
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        started.set()
        await server.serve(sockets=[sock])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(10)
    yield Running(url, inbox, surface, loops[0])
    loops[0].call_soon_threadsafe(surface.close)
    server.should_exit = True
    thread.join(20)
    sock.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        yield context.new_page()


def test_messages_arrive_while_one_looks(running: Running, page: Page) -> None:
    page.goto(f"{running.url}/dev/mail")
    expect(page.locator("#live")).to_have_text("Live")
    running.do(lambda post: post.mail())
    expect(page.locator("#list li")).to_have_count(1)
    expect(page.locator("#toast")).to_have_text("New email for alice@example.com")
    expect(page.locator("#code")).to_have_text("482913")
    running.do(lambda post: post.sms())
    expect(page.locator(".bubble")).to_contain_text("771204")
    page.get_by_role("button", name="Copy code").click()
    assert page.evaluate("navigator.clipboard.readText()") == "771204"


def test_a_message_being_read_stays_open(running: Running, page: Page) -> None:
    running.do(lambda post: post.mail())
    page.goto(f"{running.url}/dev/mail/1")
    expect(page.locator("#live")).to_have_text("Live")
    running.do(lambda post: post.sms())
    expect(page.locator("#list li")).to_have_count(2)
    expect(page.locator("#message")).to_have_attribute("data-number", "1")


def test_without_a_stream_the_page_asks_again(running: Running, page: Page) -> None:
    page.route("**/dev/mail/events", lambda route: route.abort())
    page.goto(f"{running.url}/dev/mail")
    running.do(lambda post: post.mail())
    expect(page.locator("#list li")).to_have_count(1)


def test_a_mail_cannot_run_script_and_its_link_leaves_the_frame(
    running: Running, page: Page
) -> None:
    running.do(lambda post: post.mail(html=EVIL))
    page.goto(f"{running.url}/dev/mail/1")
    link = page.frame_locator("iframe").get_by_role("link", name="In")
    with page.context.expect_page() as opened:
        link.click()
    assert opened.value.evaluate("window.opener") is None
    assert page.url == f"{running.url}/dev/mail/1"
    page.goto(f"{running.url}/dev/mail/1/html")
    expect(page.locator("body")).to_have_text("In")


def test_deleting_works_without_script(running: Running, chromium: Browser) -> None:
    running.do(lambda post: [post.mail(), post.sms()])
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{running.url}/dev/mail")
        page.get_by_role("link", name="alice@example.com").click()
        page.get_by_role("button", name="Delete").click()
        expect(page.locator("#list li")).to_have_count(1)
        page.get_by_role("button", name="Clear all").click()
        expect(page.get_by_role("heading", name="No message yet")).to_be_visible()
    assert not running.inbox.list()


def test_another_site_can_neither_read_nor_frame_nor_clear_it(running: Running, page: Page) -> None:
    running.do(lambda post: post.mail())
    page.route(
        "http://evil.example/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"<form method=post action='{running.url}/dev/mail/clear'><button>Win</button>"
            f"</form><iframe src='{running.url}/dev/mail'></iframe>",
        ),
    )
    page.goto("http://evil.example/")
    assert "482913" not in "".join(frame.content() for frame in page.frames)
    read = f"fetch('{running.url}/dev/mail.json').then(a => a.text(), () => 'refused')"
    assert page.evaluate(read) == "refused"
    page.get_by_role("button", name="Win").click()
    expect(page.locator("body")).to_contain_text("Not here")
    assert len(running.inbox.list()) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 320])
def test_every_page_is_clean_before_axe(
    running: Running, chromium: Browser, scheme: str, width: int
) -> None:
    running.do(lambda post: [post.mail(), post.sms()])
    context = chromium.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 800},
    )
    with context:
        page = context.new_page()
        for path in ("", "/1", "/2", "/1?view=text", "/1?view=headers", "?q=nothing", "/9"):
            page.goto(f"{running.url}/dev/mail{path}")
            found = [violation["id"] for violation in Axe().run(page).response["violations"]]
            assert not found, path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_stream_ends_with_the_server(running: Running) -> None:
    with httpx2.stream("GET", f"{running.url}/dev/mail/events", trust_env=False) as answer:
        chunks = answer.iter_bytes()
        assert next(chunks) == b"retry: 1000\n\n"
        running.do(lambda post: post.mail())
        assert next(chunks).startswith(b"id: 1\nevent: message\n")
        running.loop.call_soon_threadsafe(running.surface.close)
        assert list(chunks) == []
