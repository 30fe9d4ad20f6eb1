"""Every page of a live server: accessible in light and dark, small, self-contained, locked down."""

import gzip
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Response

from tests.support.browsing import PHONE_VIEW, WIDER_THAN_ITS_WINDOW, Window

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}}
# What opens where somebody has just pressed does not count, as everywhere (hadRecentInput).
SHIFTED = """async () => {
  const moved = ({node, previousRect: {y: from}, currentRect: {y: to}}) =>
    `${node?.className || node?.nodeName} from ${from} to ${to}`;
  const told = (entry) => `${location.pathname}: ${entry.value}, ${entry.sources.map(moved)}`;
  const found = [];
  const observer = new PerformanceObserver((list) => found.push(...list.getEntries()));
  observer.observe({type: "layout-shift", buffered: true});
  for (let frame = 0; frame < 3; frame += 1) {
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
  }
  found.push(...observer.takeRecords());
  return found.filter((entry) => !entry.hadRecentInput).map(told);
}"""
SIZES = {"document": 14 * 1024, "script": 6 * 1024}
MOVED = (302, 303)


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


def test_p73_p74_p75_every_page_is_small_keeps_still_and_is_not_to_be_framed(tour, server):
    sizes: dict[str, float] = {}
    headers: dict[str, dict[str, str]] = {}
    shifts: list[str] = []
    pages: list[Window] = []

    def look(window: Window) -> None:
        if window not in pages:
            pages.append(window)
            window.page.on("response", weigh)
        shifts.extend(window.page.evaluate(SHIFTED))

    def weigh(response: Response) -> None:
        kind = response.request.resource_type
        if response.url.startswith(server.url) and kind in SIZES and response.status not in MOVED:
            headers[response.url] = response.headers
            sizes[response.url] = len(gzip.compress(response.body())) / SIZES[kind]

    tour(look)
    assert shifts == []
    assert len(sizes) > 10
    assert {url: size for url, size in sizes.items() if size > 1} == {}
    documents = [found for found in headers.values() if "text/html" in found["content-type"]]
    for found in documents:
        policy = found["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action" not in policy
        assert found["x-content-type-options"] == "nosniff"
        assert found["cache-control"] == "no-store"


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
