"""Every application of ``examples/`` signs a person in, knows who it is, and signs them out."""

import httpx2
import pytest

from tests.support.browsing import wait_until_answered
from tests.support.examples import Example

WITH_A_SERVER = ["flask", "fastapi", "django", "express"]


@pytest.mark.parametrize("name", [*WITH_A_SERVER, "spa"])
def test_a_person_signs_in_sees_their_address_and_signs_out(
    world, open_browser, tmp_path, alice, name
):
    example = Example.of(name)
    with example.started(world, tmp_path) as process:
        wait_until_answered(f"{example.url}/", process)
        window = open_browser(example.url)

        window.goto(f"{example.url}/").shows("Hello, stranger")
        window.press("Sign in").shows("Sign in to").give_email(alice).shows("Check your email")
        window.enter(world.server.mail.wait_for(alice).code).shows(f"Hello, {alice}")
        window.says(f"Your address is {alice}.")
        window.goto(f"{example.url}/").shows(f"Hello, {alice}")

        window.press("Sign out").shows("Hello, stranger")
        window.goto(f"{example.url}/").shows("Hello, stranger")
        # The server has forgotten her too.
        window.press("Sign in").shows("Sign in to")


@pytest.mark.parametrize("name", WITH_A_SERVER)
def test_an_answer_that_nobody_asked_for_signs_nobody_in(world, tmp_path, chromium, name):
    """Mallory has Alice's browser open the application's callback with a code of Mallory's."""
    example = Example.of(name)
    with example.started(world, tmp_path) as process, httpx2.Client(base_url=example.url) as alice:
        wait_until_answered(f"{example.url}/", process)

        refused = alice.get("/callback?code=mallorys&state=mallorys")

        assert 400 <= refused.status_code < 500
        assert "Hello, stranger" in alice.get("/").text
