"""Every page in every state before axe and a ruler: light and dark, phone and desk.

The quick profile runs every axe rule on the light page and the rules of color on the dark one;
the full profile runs every rule in both, at both widths.
"""

from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from tests.conftest import FULL
from tests.support import pages

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL_RULES = {"runOnly": {"type": "tag", "values": TAGS}}
COLOR_RULES = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
every_page = pytest.mark.parametrize("name", pages.PAGES)

# Unseen, the script neither asks for the delivery's status nor continues by itself.
UNSEEN = "Object.defineProperty(document, 'visibilityState', {value: 'hidden'})"

SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, summary, input, select")]
  .filter(element => element.checkVisibility() && element.type !== "hidden")
  .map(element => [element, element.getBoundingClientRect()])
  .filter(([element, box]) => {
    const main = element.matches("button, .button, input, select, summary");
    return Math.min(box.width, box.height) < 24 || (main && box.height < 44);
  })
  .map(([element, box]) => `${element.outerHTML} ${box.width}x${box.height}`)"""

CUT_OFF = """() => [...document.querySelectorAll("main *, footer *")]
  .filter(element => element.checkVisibility() && !element.closest(".hidden"))
  .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5)
  .map(element => element.outerHTML)"""

# The values of WCAG 1.4.12, in a sheet that the content policy need not allow.
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
    word-spacing: .16em !important } p { margin-bottom: 2em !important }`);
  document.adoptedStyleSheets = [sheet];
}"""


DESK: ViewportSize = {"width": 1200, "height": 800}


@dataclass
class Visit:
    """The one browser page, what its console said and what it asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser_page(chromium):
    # Without motion: a color on its way to another is not what axe is to measure.
    with chromium.new_context(reduced_motion="reduce") as context:
        context.add_init_script(UNSEEN)
        visit = Visit(context.new_page())
        visit.page.on("console", lambda message: visit.said.append(message.text))
        visit.page.on("pageerror", lambda error: visit.said.append(str(error)))
        visit.page.on("request", lambda request: visit.asked.append(request.url))
        yield visit


@pytest.fixture
def visit(name, browser_page, showcase):
    browser_page.said.clear()
    browser_page.asked.clear()
    page = browser_page.page
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")
    page.goto(f"{showcase.url}/{name}")
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    return browser_page


def violations(page, options) -> list[str]:
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


@every_page
def test_axe_finds_nothing_and_the_console_stays_silent(name, visit, showcase):
    assert violations(visit.page, ALL_RULES) == []
    visit.page.emulate_media(color_scheme="dark")
    assert violations(visit.page, ALL_RULES if FULL else COLOR_RULES) == []
    if FULL:
        visit.page.set_viewport_size({"width": 360, "height": 740})
        assert violations(visit.page, ALL_RULES) == []
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith((showcase.url, "data:"))] == []


@every_page
def test_at_320_pixels_nothing_scrolls_sideways_and_every_target_is_large_enough(name, visit):
    visit.page.set_viewport_size({"width": 320, "height": 256})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert visit.page.evaluate(CUT_OFF) == []
    assert visit.page.evaluate(SMALL_TARGETS) == []
    visit.page.evaluate(SPACED)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", ["check-email-error"])
def test_every_control_shows_that_it_has_the_focus(name, visit):
    for control in visit.page.locator("a, button, input, summary").all():
        if not control.is_visible():
            continue
        visit.page.keyboard.press("Escape")
        control.focus()
        visit.page.keyboard.press("Shift")  # from now on the focus counts as the keyboard's
        width, color = control.evaluate(
            "it => [getComputedStyle(it).outlineWidth, getComputedStyle(it).outlineColor]"
        )
        assert (width, color) == ("3px", "rgb(122, 47, 208)"), control.evaluate(
            "it => it.outerHTML"
        )


@pytest.mark.parametrize("name", ["check-email-error", "link-confirm-in-app"])
def test_in_forced_colors_every_button_and_field_keeps_a_border(name, visit):
    visit.page.emulate_media(forced_colors="active")
    widths = visit.page.evaluate(
        "() => [...document.querySelectorAll('button, input:not([type=hidden]), .notice')]"
        ".map(it => parseFloat(getComputedStyle(it).borderTopWidth))"
    )
    visit.page.emulate_media(forced_colors="none")
    assert min(widths) >= 1


@pytest.mark.parametrize("name", ["check-email-error"])
def test_a_screen_reader_meets_heading_instruction_field_hint_and_error_in_that_order(name, visit):
    tree = visit.page.locator("main").aria_snapshot()
    order = ["Check your email", "We sent a link", "textbox", "6 digits", "That code isn't right"]
    places = [tree.index(words) for words in order]
    assert places == sorted(places)
