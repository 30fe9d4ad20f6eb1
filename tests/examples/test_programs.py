"""The programs without a server: a browser that comes back to loopback, and a device's code."""

import re

import pytest

from tests.support.examples import Example

LOOPBACK, DEVICE = 0, 1
HELLO = r"^Hello, (\S+)\. Your address is (\S+)\.$"


@pytest.fixture
def window(open_browser):
    return open_browser("http://127.0.0.1:")


def test_the_browser_comes_back_to_a_port_of_the_program(world, window, tmp_path, alice):
    with Example.of("cli", part=LOOPBACK).started(world, tmp_path) as program:
        window.goto(program.says(r"https://\S+/authorize\?\S+")[0])
        window.shows("Sign in to").give_email(alice).shows("Check your email")
        window.enter(world.server.mail.wait_for(alice).code)
        window.page.wait_for_url("http://127.0.0.1:*/callback?*")
        window.page.get_by_text("You may close this window.").wait_for()

        assert program.says(HELLO).groups() == (alice, alice)

        program.press_enter()
        window.goto(program.says(r"https://\S+/oidc/logout\?\S+")[0]).shows("You're signed out")
        assert program.end()[0] == 0


def test_a_browser_that_comes_back_with_another_state_ends_it(world, window, tmp_path):
    with Example.of("cli", part=LOOPBACK).started(world, tmp_path) as program:
        url = program.says(r"https://\S+/authorize\?\S+")[0]
        port = re.findall(r"127\.0\.0\.1%3A(\d+)", url)[0]

        window.goto(f"http://127.0.0.1:{port}/callback?code=mallorys&state=mallorys")

        code, said = program.end()
        assert code != 0
        assert "Hello" not in said


def test_a_device_shows_a_code_and_the_phone_signs_in(world, window, tmp_path, alice):
    with Example.of("cli", part=DEVICE).started(world, tmp_path) as program:
        shown = program.says(r"^Open (\S+) and type (\S+)$")
        window.goto(shown[1])
        window.page.get_by_label("Code on the device").fill(shown[2])
        window.press("Continue").press("Yes, sign in to go on")
        window.shows("Sign in to").give_email(alice).shows("Check your email")
        window.enter(world.server.mail.wait_for(alice).code)
        window.press("Allow").says("signed in to")

        assert program.says(HELLO).groups() == (alice, alice)

        program.press_enter()
        assert program.end() == (0, "Press Enter to sign out.\nSigned out.\n")


def test_a_person_says_no_to_a_device(world, window, tmp_path, alice):
    with Example.of("cli", part=DEVICE).started(world, tmp_path) as program:
        shown = program.says(r"^Open (\S+) and type (\S+)$")
        window.goto(shown[1])
        window.page.get_by_label("Code on the device").fill(shown[2])
        window.press("Continue").press("Yes, sign in to go on")
        window.shows("Sign in to").give_email(alice).shows("Check your email")
        window.enter(world.server.mail.wait_for(alice).code)
        window.press("Don't allow")

        code, said = program.end()
        assert code != 0
        assert "Hello" not in said
