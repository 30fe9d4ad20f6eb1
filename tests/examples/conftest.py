"""One server over TLS for all examples; each registers its client and starts its process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from playwright.sync_api import Browser, BrowserType

from tests.support.browsing import Window, a_chromium, fresh_email, watched_browsers
from tests.support.examples import Example, Program, World, a_world


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("examples")) as found:
        yield found


@pytest.fixture(scope="package")
def running(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Program]]:
    """Return what starts a web application, the first time that a test asks for it."""
    with ExitStack() as stack:

        @cache
        def running(name: str) -> Program:
            scratch = tmp_path_factory.mktemp(name)
            program = stack.enter_context(Example.of(name).started(world, scratch))
            program.answers()
            return program

        yield running


@pytest.fixture(scope="package")
def chromium(driver: BrowserType, world: World) -> Iterator[Browser]:
    """Return a browser that trusts the server's certificate, and no other of its authority."""
    pin = f"--ignore-certificate-errors-spki-list={world.certificates.pin}"
    with a_chromium(driver, pin) as browser:
        yield browser


@pytest.fixture
def open_browser(chromium: Browser, world: World) -> Iterator[Callable[..., Window]]:
    """Return what opens a fresh, watched browser for an application of this address."""
    with ExitStack() as stack:

        def open_browser(app: str = "about:") -> Window:
            opener = stack.enter_context(watched_browsers(chromium, world.server.url, app))
            window = opener()
            window.expected.append(r"/favicon\.ico\)$")  # the examples have none
            return window

        yield open_browser


@pytest.fixture
def alice() -> str:
    """Return an email address that nobody has used yet."""
    return fresh_email()
