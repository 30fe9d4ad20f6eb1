"""Every application of ``examples/`` signs a person in, knows who it is, and signs them out."""

import httpx2
import pytest

WITH_A_SERVER = ["flask", "fastapi", "django", "express"]


@pytest.mark.parametrize("name", [*WITH_A_SERVER, "spa"])
def test_a_person_signs_in_sees_their_address_and_signs_out(
    world, running, open_browser, alice, name
):
    app = running(name).url
    window = open_browser(app).goto(f"{app}/").shows("Hello, stranger")

    window.press("Sign in").shows("Sign in to").give_email(alice).shows("Check your email")
    window.enter(world.server.mail.wait_for(alice).code).shows(f"Hello, {alice}")
    window.says(f"Your address is {alice}.")
    window.goto(f"{app}/").shows(f"Hello, {alice}")

    window.press("Sign out").shows("Hello, stranger")
    window.goto(f"{app}/").shows("Hello, stranger")
    # The server has forgotten her too.
    window.press("Sign in").shows("Sign in to")


@pytest.mark.parametrize("name", WITH_A_SERVER)
def test_an_answer_that_nobody_asked_for_signs_nobody_in(running, chromium, name):
    """Mallory has Alice's browser open the application's callback with a code of Mallory's."""
    with httpx2.Client(base_url=running(name).url) as alice:
        refused = alice.get("/callback?code=mallorys&state=mallorys")

        assert 400 <= refused.status_code < 500
        assert "Hello, stranger" in alice.get("/").text
