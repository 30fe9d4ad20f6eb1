"""One server over TLS for all of these journeys; each brings people of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserType

from tests.support.browsing import Window, fresh_email
from tests.support.interop import World, a_world, fresh_number
from tests.support.interop_browser import Profiles
from tests.support.interop_visitor import Visitor


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("interop")) as found:
        yield found


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
def chromium(driver: BrowserType, world: World) -> Profiles:
    """Return what opens browsers that trust the server's certificate."""
    return Profiles(driver, world)


@pytest.fixture(params=[True, False], ids=["third-party-cookies", "no-third-party-cookies"])
def third_party_cookies(request: pytest.FixtureRequest) -> bool:
    """Run the test in both kinds of browsers."""
    return bool(request.param)


@pytest.fixture
def window(chromium: Profiles, third_party_cookies: bool) -> Iterator[Window]:
    """Return a window of a fresh browser, once with and once without other sites' cookies."""
    with chromium.open(third_party_cookies=third_party_cookies) as found:
        yield found


@pytest.fixture
def origin(world: World, third_party_cookies: bool) -> str:
    """Return where an application's own page can sign people in.

    From another site than the server's that needs third-party cookies, at Auth0 as here.
    """
    return world.app if third_party_cookies else world.near
