"""Answers that a browser carries otherwise than in an address: messages between windows, a form."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import CLIENT

LISTEN = "addEventListener('message', e => { window.got = {from: e.origin, ...e.data} })"
FRAME = """url => {
  const frame = document.createElement("iframe");
  frame.src = url;
  document.body.append(frame);
}"""
PLAIN = "<!DOCTYPE html><html lang=en><title>App</title><body><p>An application</p></body></html>"


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def scripts(request) -> bool:
    return bool(request.param)


@pytest.fixture
def context(chromium, scripts) -> Iterator[BrowserContext]:
    # A page that the test itself answers with counts as from the internet, and must not frame
    # what is on this machine without leave.
    context = chromium.new_context(
        java_script_enabled=scripts, permissions=["local-network-access"]
    )
    yield context
    context.close()


def authorize(server, **changes: str) -> str:
    request = {
        "client_id": CLIENT,
        "redirect_uri": f"{server.app}/callback",
        "response_type": "code",
        "scope": "openid",
        "state": "a-state",
        **changes,
    }
    return f"{server.url}/authorize?{urlencode(request)}"


def an_application_page(context: BrowserContext, server) -> Page:
    """A page of the application's origin that listens to what other windows tell it."""
    page = context.new_page()
    page.route(
        f"{server.app}/spa", lambda route: route.fulfill(body=PLAIN, content_type="text/html")
    )
    page.goto(f"{server.app}/spa")
    page.evaluate(LISTEN)
    return page


def sign_in(page: Page, server, email: str) -> None:
    page.get_by_label("Email address").fill(email)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Sign-in code").fill(server.mail.wait_for(email).code)
    page.get_by_role("button", name="Continue").click()


def told(page: Page, server) -> dict[str, str]:
    page.wait_for_function("window.got")
    got = page.evaluate("window.got")
    assert (got["from"], got["type"]) == (server.url, "authorization_response")
    assert got["response"]["iss"] == f"{server.url}/"
    response: dict[str, str] = got["response"]
    return response


@pytest.mark.parametrize("scripts", [True], indirect=True)
def test_a_window_that_was_opened_for_it_tells_its_opener_and_a_frame_answers_silently(
    context, server, alice
):
    page = an_application_page(context, server)
    silent = authorize(server, response_mode="web_message", prompt="none", redirect_uri=server.app)
    page.evaluate(FRAME, silent)
    assert told(page, server)["error"] == "login_required"

    page.evaluate("delete window.got")
    url = authorize(server, response_mode="web_message", redirect_uri=server.app)
    with page.expect_popup() as opened:
        page.evaluate("url => { window.open(url) }", url)
    sign_in(opened.value, server, alice)
    assert told(page, server)["code"]
    opened.value.close()

    page.evaluate("delete window.got")
    page.evaluate(FRAME, silent)
    answer = told(page, server)
    assert answer["code"]
    assert answer["state"] == "a-state"


@pytest.mark.parametrize("scripts", [True], indirect=True)
@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_a_window_that_an_application_opened_is_never_cut_off_from_it(context, server, alice, mode):
    page = an_application_page(context, server)
    url = authorize(server, response_mode=mode)
    with page.expect_popup() as opened:
        page.evaluate("url => { window.popup = window.open(url) }", url)
    opened.value.get_by_label("Email address").wait_for()
    assert not page.evaluate("popup.closed")
    sign_in(opened.value, server, alice)

    opened.value.wait_for_url(f"{server.app}/callback**", wait_until="commit")
    assert not page.evaluate("popup.closed")


@pytest.mark.parametrize("scripts", [True], indirect=True)
def test_a_page_of_another_origin_is_told_nothing(context, server):
    page = context.new_page()
    evil = "http://127.0.0.1:9/evil"
    page.route(evil, lambda route: route.fulfill(body=PLAIN, content_type="text/html"))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(evil)
    page.evaluate(LISTEN)

    page.evaluate(
        FRAME,
        authorize(server, response_mode="web_message", prompt="none", redirect_uri=server.app),
    )

    page.wait_for_timeout(1000)
    assert page.evaluate("window.got") is None
    assert any("frame-ancestors" in text for text in said)


def test_a_form_takes_the_answer_back_by_itself_or_by_a_press(context, server, alice, scripts):
    page = context.new_page()
    posts: list[str] = []

    def receive(route) -> None:
        posts.append(route.request.post_data or "")
        route.fulfill(body=PLAIN, content_type="text/html")

    page.route(f"{server.app}/callback", receive)
    page.goto(authorize(server, response_mode="form_post"))
    sign_in(page, server, alice)
    if not scripts:
        page.get_by_role("button", name="Continue").click()
    page.get_by_text("An application").wait_for()

    [posted] = posts
    answer = {name: values[0] for name, values in parse_qs(posted).items()}
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("a-state", f"{server.url}/")
