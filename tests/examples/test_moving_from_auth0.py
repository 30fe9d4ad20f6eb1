"""The application that was written for Auth0 runs with another domain and nothing else changed."""

import pytest

from tests.support.examples import SECRET


@pytest.fixture
def window(running, open_browser):
    app = running("moving-from-auth0").url
    return open_browser(app).goto(f"{app}/").shows("Hello, stranger")


def send_me_a_code(window, email):
    window.page.get_by_label("Email").fill(email)
    return window.press("Send me a code").shows("Check your email")


def verify(window, code):
    window.page.get_by_label("Code").fill(code)
    return window.press("Verify")


def test_the_hosted_page_signs_in_and_v2_logout_signs_out(world, window, alice):
    window.press("Sign in").shows("Sign in to").give_email(alice).shows("Check your email")
    window.enter(world.server.mail.wait_for(alice).code).shows(f"Hello, {alice}")
    window.says(f"Your address is {alice}.")

    window.press("Sign out").shows("Hello, stranger")

    window.press("Sign in").shows("Sign in to")


def test_a_form_of_its_own_signs_in_by_a_mailed_code(world, window, alice):
    send_me_a_code(window, alice)
    code = world.server.mail.wait_for(alice).code

    verify(window, f"{(int(code) + 1) % 10**6:06d}").says("Wrong email or verification code.")
    verify(window, code).shows(f"Hello, {alice}")

    assert SECRET not in world.server.log
