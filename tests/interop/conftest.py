"""One server over TLS for all of these journeys; each brings people of its own."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import BrowserType

from tests.conftest import FULL
from tests.support.browsing import Window, fresh_email
from tests.support.interop import World, a_world, fresh_number
from tests.support.interop_browser import Browsers
from tests.support.interop_visitor import Visitor
from tests.support.places import POSTGRESQL, SQLITE


@pytest.fixture(scope="package", params=[SQLITE, POSTGRESQL] if FULL else [SQLITE])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Run the server: what the clients see of it is the same on either kind of database."""
    with ExitStack() as stack:
        folder, where = tmp_path_factory.mktemp("interop"), {}
        if request.param == POSTGRESQL:
            databases = request.getfixturevalue("postgresql")
            where["database"] = stack.enter_context(databases.a_database())
        yield stack.enter_context(a_world(folder, **where))


@pytest.fixture
def alice() -> str:
    """Return an email address that nobody has used yet."""
    return fresh_email()


@pytest.fixture
def number() -> str:
    """Return a mobile number, of those reserved for examples, that nobody has used yet."""
    return fresh_number()


@pytest.fixture
def visitor(world: World) -> Iterator[Visitor]:
    """Return a browser without scripts before the hosted pages."""
    with Visitor(world) as found:
        yield found


@pytest.fixture(scope="package")
def chromium(driver: BrowserType, world: World) -> Iterator[Browsers]:
    """Return what opens browsers that trust the server's certificate."""
    with Browsers(driver, world) as found:
        yield found


@pytest.fixture(params=[True, False], ids=["third-party-cookies", "no-third-party-cookies"])
def third_party_cookies(request: pytest.FixtureRequest) -> bool:
    """Run the test in both kinds of browsers."""
    return bool(request.param)


@pytest.fixture
def window(chromium: Browsers, third_party_cookies: bool) -> Iterator[Window]:
    """Return a window of a fresh browser, once with and once without other sites' cookies."""
    with chromium.open(third_party_cookies=third_party_cookies) as found:
        yield found


@pytest.fixture
def origin(world: World, third_party_cookies: bool) -> str:
    """Return where an application's own page can sign people in.

    From another site than the server's that needs third-party cookies, at Auth0 as here.
    """
    return world.app if third_party_cookies else world.near
