"""The page that asks an application's page, in a frame, for what only its browser has."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route

from latchstring.web.http.static import STATIC_PREFIX, StaticFiles
from latchstring.web.pages.auth0_pages import framing
from tests.support.pages import BROWSER_CHECK, REQUEST_ID, a_renderer

OURS, THEIRS = "https://auth.acme.example", "https://acme.example"
# What auth0.js does in its callback, in our words.
ANSWERING = """<!DOCTYPE html><script>
const { searchParams } = new URL("http://x/?" + location.hash.slice(1));
addEventListener("message", (event) => {
  if (event.data.type !== "co_verifier_request") return;
  const key = [event.origin, event.data.request.id].map(encodeURIComponent).join("/");
  const verifier = `${key} ${location.hash}`;
  event.source.postMessage({ type: "co_verifier_response", response: { verifier } }, event.origin);
});
parent.postMessage({ type: "ready" }, searchParams.get("origin"));
</script>"""
SILENT = "<!DOCTYPE html><p>Not found.</p>"


class Web:
    """Both origins, and what was posted to ours."""

    def __init__(self) -> None:
        self.theirs = ANSWERING
        self.posted: list[dict[str, list[str]]] = []
        self._static = StaticFiles()

    def __call__(self, route: Route) -> None:
        request, path = route.request, urlsplit(route.request.url).path
        if request.url.startswith(THEIRS):
            route.fulfill(body=self.theirs, content_type="text/html")
        elif path.startswith(STATIC_PREFIX):
            file = self._static.respond(path)
            assert file is not None
            route.fulfill(body=bytes(file.body), headers=dict(file.headers))
        elif request.method == "POST":
            self.posted.append(parse_qs(request.post_data or "", keep_blank_values=True))
            route.fulfill(body="<!DOCTYPE html><p>On you go.</p>", content_type="text/html")
        else:
            page = a_renderer(secure=True).page(BROWSER_CHECK, request_id=REQUEST_ID, language="en")
            found = framing(page, f"{THEIRS}/co")
            route.fulfill(body=bytes(found.body), headers=dict(found.headers))


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def page(chromium, web) -> Iterator[Page]:
    with chromium.new_context() as context:
        context.route("**/*", web)
        found = context.new_page()
        found.clock.install()
        yield found


def test_it_hands_on_what_the_application_s_page_answers(page, web):
    page.goto(f"{OURS}/authorize")
    page.wait_for_url("**/co/continue?*")
    (form,) = web.posted
    (verifier,) = form["verifier"]
    origin = "https%3A%2F%2Fauth.acme.example"
    assert verifier == f"{origin}/a-public-id #origin={origin}"
    assert form["csrf"] == ["form-token"]


def test_a_page_that_does_not_answer_is_waited_for_and_then_left(page, web):
    web.theirs = SILENT
    page.goto(f"{OURS}/authorize")
    page.frame_locator("iframe").locator("p").wait_for(state="attached")
    assert web.posted == []
    page.clock.fast_forward(10_000)
    page.wait_for_url("**/co/continue?*")
    assert web.posted[0]["verifier"] == [""]


def test_nobody_else_is_listened_to(page, web):
    web.theirs = SILENT
    page.goto(f"{OURS}/authorize")
    page.evaluate(
        "verifier => postMessage({type: 'co_verifier_response', response: {verifier}}, '*')",
        "planted",
    )
    page.wait_for_timeout(200)
    assert web.posted == []


def test_without_a_script_a_press_goes_on_with_nothing(chromium, web):
    with chromium.new_context(java_script_enabled=False) as context:
        context.route("**/*", web)
        page = context.new_page()
        page.goto(f"{OURS}/authorize")
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/co/continue?*")
    assert web.posted[0]["verifier"] == [""]
