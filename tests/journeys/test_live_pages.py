"""Every page of a live server: accessible in light and dark, small, self-contained, locked down."""

import gzip
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support.browsing import PHONE_VIEW, Window

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}}
WIDER_THAN_ITS_WINDOW = (
    "document.documentElement.scrollWidth > document.documentElement.clientWidth"
)
HTML_BUDGET, SCRIPT_BUDGET = 14 * 1024, 6 * 1024


class Tour:
    """Leads a window through every page there is and looks at each the same way."""

    def __init__(self, window: Window, look: Callable[[Window], None]) -> None:
        self.window = window
        self.look = look

    def at(self, heading: str) -> Window:
        self.window.shows(heading)
        self.look(self.window)
        return self.window


@pytest.fixture
def tour(open_browser, server, alice, number):
    """Return what walks through the live pages, looking at each."""

    def walk(look, **options):
        seen = Tour(open_browser(**options), look)
        window = seen.window
        window.begin()
        seen.at("Sign in to Acme").press("Continue").says("Enter your email address.")
        seen.at("Sign in to Acme").press("Use your mobile number instead")
        seen.at("Sign in to Acme").press("Continue").says("Enter your mobile number.")
        seen.at("Sign in to Acme").give_phone(number)
        seen.at("Check your phone").ask(alice)
        mail = server.mail.wait_for(alice)
        window.page.get_by_text("Nothing arrived?").click()
        seen.at("Check your email").enter("1").says("You entered 1.")
        seen.at("Check your email").goto(window.page.url.replace("/code", "/nothing-arrived"))
        seen.at("Nothing arrived?").press("Back to the code")
        other = Tour(open_browser(**options), look)
        other.window.goto(mail.link)
        other.at("Sign in to Acme?").press("Show me the code instead")
        other.at("Your sign-in code").goto(mail.link).press("This wasn't me")
        other.at("Thank you. That sign-in is stopped").goto(f"{mail.link}x")
        other.at("This link doesn't work").goto(f"{server.url}/help")
        other.at("Help with signing in").goto(f"{server.url}/nowhere")
        other.at("There is no page here").goto(window.page.url)
        other.at("Your browser didn't send our cookie")
        window.ask(alice).enter(server.mail.wait_for(alice, count=2).code).is_signed_in_as(alice)
        window.goto(server.mail.wait_for(alice, count=2).link)
        seen.at("This link has already been used").goto(f"{server.url}/oidc/logout")
        seen.at("Sign out?").press("Sign out")
        seen.at("You're signed out")

    return walk


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_p61_p62_axe_has_nothing_to_say_and_a_phone_needs_no_sideways_scrolling(tour, scheme):
    found: list[str] = []
    axe = Axe()

    def look(window: Window) -> None:
        heading = window.heading.inner_text()
        results = axe.run(window.page, options=RULES)
        found.extend(f"{heading}: {v['id']} {v['nodes'][0]['html']}" for v in violations(results))
        if window.page.evaluate(WIDER_THAN_ITS_WINDOW):
            found.append(f"{heading}: scrolls sideways")
        name = "".join(letter if letter.isalnum() else "-" for letter in heading.lower())
        window.picture(f"{scheme}-{name}")

    tour(look, color_scheme=scheme, viewport=PHONE_VIEW, reduced_motion="reduce")
    assert found == []


def violations(results):
    return results.response["violations"]


def test_p73_p75_every_page_is_small_self_contained_and_not_to_be_framed(tour):
    sizes: dict[str, int] = {}
    pages: list[Window] = []

    def look(window: Window) -> None:
        if window not in pages:
            pages.append(window)
            window.page.on("response", weigh)

    def weigh(response):
        request = response.request
        if request.resource_type == "document" and not 300 <= response.status < 400:
            headers = response.headers
            if "latchstring" in headers.get("x-nothing", "") or "x-request-id" not in headers:
                return
            policy = headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert "default-src 'none'" in policy
            assert "form-action" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            sizes[response.url] = len(gzip.compress(response.body()))
        elif request.resource_type == "script":
            sizes[response.url] = len(gzip.compress(response.body()))

    tour(look)
    assert len(sizes) > 10
    assert {url: size for url, size in sizes.items() if size > HTML_BUDGET} == {}
    scripts = {url: size for url, size in sizes.items() if url.endswith(".js")}
    assert {url: size for url, size in scripts.items() if size > SCRIPT_BUDGET} == {}


def test_p76_the_cookies_are_few_small_and_kept_from_scripts(open_browser, server, alice):
    window = open_browser().ask(alice)
    window.enter(server.mail.wait_for(alice).code).is_signed_in_as(alice)
    cookies = [c for c in window.context.cookies() if c["name"].startswith("latchstring_")]
    assert {c["name"] for c in cookies} == {
        "latchstring_browser",
        "latchstring_session",
        "latchstring_known",
    }
    assert all(c["httpOnly"] and c["sameSite"] == "Lax" and c["path"] == "/" for c in cookies)
    assert sum(len(c["name"]) + len(c["value"]) for c in cookies) <= 2048
    assert window.page.evaluate("document.cookie") == ""
