"""``auth0-lock`` 14 in Chromium, in passwordless mode; Auth0's own hosts are out of its reach."""

import pytest

from tests.support.interop import fresh_american_number
from tests.support.interop_visitor import THE_LINKS_BUTTON

# Lock asks Auth0's network for texts and pictures and another service for a portrait, and does
# without; and it looks for a field to put the cursor in where there is none.
ELSEWHERE = [r"^https?://cdn\.auth0\.com/", r"^https://secure\.gravatar\.com/"]
ELSEWHERE += ["ERR_NAME_NOT_RESOLVED", "^warning: language does not have property"]
ELSEWHERE += ["default dictionary", r"node\.querySelector is not a function"]


@pytest.fixture
def box(window, origin):
    window.expected += ELSEWHERE

    def open_lock(connection: str, method: str = "code"):
        window.goto(f"{origin}/lock")
        options = {"allowedConnections": [connection], "passwordlessMethod": method}
        window.page.evaluate("options => open(options)", options)
        return window.page.locator(".auth0-lock-widget")

    return open_lock


def finished(window, origin):
    """Return what Lock tells the application, back on its page."""
    window.page.wait_for_url(f"{origin}/lock#*")
    return window.page.evaluate("() => { open({}); return came; }")


def test_an_emailed_code_signs_in(world, window, origin, box, alice):
    widget = box("email")
    widget.locator("input[name=email]").fill(alice)
    widget.locator("button[type=submit]").click()
    widget.locator("input[name=vcode]").fill(world.code_for(alice))
    widget.locator("button[type=submit]").click()

    assert finished(window, origin)["idTokenPayload"]["email"] == alice


def test_a_texted_code_signs_in(world, window, origin, box):
    number = fresh_american_number()
    widget = box("sms")
    widget.locator("input[name=phoneNumber]").fill(number.removeprefix("+1"))
    widget.locator("button[type=submit]").click()
    widget.locator("input[name=vcode]").fill(world.code_for(number))
    widget.locator("button[type=submit]").click()

    assert finished(window, origin)["idTokenPayload"]["sub"].startswith("sms|")


def test_an_emailed_link_signs_in(world, window, origin, box, alice):
    widget = box("email", "link")
    widget.locator("input[name=email]").fill(alice)
    widget.locator("button[type=submit]").click()

    window.goto(world.link_for(alice)).press(THE_LINKS_BUTTON)

    assert finished(window, origin)["idTokenPayload"]["email"] == alice
