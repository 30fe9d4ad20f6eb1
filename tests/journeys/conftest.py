"""The world of the journeys: a server process, an application process, a Chromium, and people.

All of it is opened once per worker; each test brings identifiers and browsers of its own.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser

from tests.support.browsing import (
    Window,
    a_free_address,
    an_application,
    fresh_email,
    watched_browsers,
)
from tests.support.server import SECRET, Server, a_server
from tests.support.timed import TimedHouse, a_timed_house

# Everybody here shares one address: its limits are for other tests.
LIMITS = """
starts_per_address = "5000/h"
wrong_answers_per_address = "5000/d"
sms_per_number_block = "5000/h"
sms_per_installation = "5000/d"
"""
_numbers = itertools.count()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a running server whose application runs too."""
    with a_server_and_its_application(tmp_path_factory.mktemp("server")) as found:
        yield found


@contextmanager
def a_server_and_its_application(
    folder: Path, database: str = "sqlite:///var/latchstring.db"
) -> Iterator[Server]:
    """Run both, as the journeys need them."""
    port, app = a_free_address()
    with (
        a_server(folder, app=app, limits=LIMITS, database=database) as found,
        an_application(port, f"{found.url}/", SECRET),
    ):
        yield found


@pytest.fixture(scope="package")
def timed_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimedHouse]:
    port, app = a_free_address()
    folder = tmp_path_factory.mktemp("house")
    with a_timed_house(folder, app) as found, an_application(port, f"{found.url}/", SECRET):
        yield found


@pytest.fixture
def timed(timed_house: TimedHouse) -> Iterator[TimedHouse]:
    """Return a house whose clock and settings the test may change; both are put back."""
    timed_house.set_clock()
    before = timed_house.house.installation.configuration.current.connections["email"].as_stored()
    yield timed_house
    timed_house.change(**before)


@pytest.fixture
def open_browser(chromium: Browser, server: Server) -> Iterator[Callable[..., Window]]:
    """Return what opens a fresh, watched browser; every one must end without a complaint."""
    with watched_browsers(chromium, server.url, server.app) as opener:
        yield opener


@pytest.fixture
def open_timed_browser(chromium: Browser, timed: TimedHouse) -> Iterator[Callable[..., Window]]:
    """Return what opens a fresh, watched browser for the house with the movable clock."""
    with watched_browsers(chromium, timed.url, timed.app) as opener:
        yield opener


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    """Run the test twice: in a browser that runs scripts, and in one that does not."""
    return request.param


@pytest.fixture
def window(open_browser: Callable[..., Window]) -> Window:
    """Return a window of an ordinary browser."""
    return open_browser()


@pytest.fixture
def alice() -> str:
    """Return an email address that nobody has used yet."""
    return fresh_email()


@pytest.fixture
def number() -> str:
    """Return a mobile number, of those reserved for examples, that nobody has used yet."""
    return f"+447700900{next(_numbers):03d}"


@pytest.fixture
def administer(server: Server) -> Iterator[Callable[..., None]]:
    """Return what changes settings while the server runs, by command; undone in the end."""
    changed = False

    def change(connection: str, **values: object) -> None:
        nonlocal changed
        changed = True
        run(server, "set", connection, *(f"{name}={value}" for name, value in values.items()))

    yield change
    if changed:
        run(server, "set", "--from-file")


def run(server: Server, *arguments: str) -> None:
    said = server.command("connections", *arguments)
    assert said.returncode == 0, said.stderr
    # Answering whether it is ready makes the server look for changes at once.
    assert httpx2.get(f"{server.url}/readyz").status_code == 200
