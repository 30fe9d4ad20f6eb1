"""Fixtures that every floor's tests may ask for."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from latchstring.base.secrets import Keyring
from latchstring.db import database as database_module
from latchstring.db.database import Database
from latchstring.db.opening import open_url
from tests.support import places
from tests.support.clock import FixedClock
from tests.support.databases import Databases, the_suites_databases
from tests.support.house import START_OF_TIME, House, a_house
from tests.support.places import Place, here

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserType

FULL = os.environ.get("LATCHSTRING_TEST_PROFILE") == "full"


def plain_logs() -> None:
    """Log as structlog does by itself, but tell a crash in one plain traceback.

    With every local value in it, a test of crashes takes as long as a thousand others.
    """
    structlog.reset_defaults()
    *before, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*before, plain])


plain_logs()

_QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("quick", deadline=None, max_examples=50, suppress_health_check=_QUIET)
settings.register_profile("full", deadline=None, max_examples=1000, suppress_health_check=_QUIET)
settings.load_profile("full" if FULL else "quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser: the synchronous Playwright holds its thread's event loop while it
    is open, so those tests run in a process of their own (``scripts/test.sh``).
    """
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end: ten thousand tests."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what opens a database at each of its places: on SQLite and on PostgreSQL.

    The full profile adds two nodes. ``@pytest.mark.at(...)`` names others; ``at()`` is for
    tests that name their databases themselves.
    """
    if "place" not in metafunc.fixturenames:
        return
    marker = next(metafunc.definition.iter_markers("at"), None)
    found = marker.args if marker else _usual_places(metafunc)
    if found:
        metafunc.parametrize("place", found, indirect=True)


def _usual_places(metafunc: pytest.Metafunc) -> tuple[str, ...]:
    fixtures = metafunc.definition._fixtureinfo.name2fixturedefs.values()
    functions = [fixture.func for found in fixtures for fixture in found]
    return places.usual([metafunc.function, *functions], thorough=FULL)


@pytest.fixture(scope="session")
def postgresql(worker_id: str) -> Iterator[Databases]:
    """Lend databases that have the current schema, on the suite's server."""
    with the_suites_databases(_prepare, worker_id) as found:
        yield found


async def _prepare(url: str) -> None:
    await (await open_url(url)).close()


@pytest.fixture
def postgresql_url(postgresql: Databases) -> Iterator[str]:
    """Return the URL of an empty database on PostgreSQL, wherever the others are."""
    with postgresql.a_database() as url:
        yield url


@pytest.fixture(autouse=True)
def place(request: pytest.FixtureRequest) -> Iterator[Place | None]:
    """Tell support code where this test's databases are."""
    kind = getattr(request, "param", None)
    if kind is None:  # it opens none, or knows where itself
        yield None
        return
    with places.being_at(Place(kind, lambda: request.getfixturevalue("postgresql"))) as found:
        yield found


@pytest.fixture(scope="session")
def driver() -> Iterator["BrowserType"]:
    """Return what starts browsers: the one of this process."""
    from tests.support.browsing import the_driver  # noqa: PLC0415 - the other tests need none

    with the_driver() as found:
        yield found


@pytest.fixture(scope="session")
def chromium(driver: "BrowserType") -> Iterator["Browser"]:
    """Return the distribution's Chromium; without one this fails."""
    from tests.support.browsing import a_chromium  # noqa: PLC0415 - the other tests need none

    with a_chromium(driver) as browser:
        yield browser


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that stands still."""
    return FixedClock(START_OF_TIME)


@pytest.fixture
def keyring() -> Keyring:
    """Return a keyring with one key."""
    return Keyring({1: b"k" * 32})


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Open a fresh database with the current schema."""
    found = await here().open(tmp_path / "latchstring.db")
    yield found
    await found.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Open a whole installation in this process."""
    async with a_house(tmp_path) as found:
        yield found


@pytest.fixture(autouse=True)
def _no_configuration_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("LATCHSTRING_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be sent away because this machine is busy: tests are about who wins, not when.

    ``monkeypatch.undo()`` puts the product's own patience back.
    """
    monkeypatch.setattr(database_module, "ANOTHER_WAIT_SECONDS", 60.0)


@pytest.fixture(autouse=True)
def _loggers_forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test's log go where an earlier one sent it: what is told the form of the log in this
    process keeps its loggers, in tests it does not.
    """
    configure = structlog.configure

    def configure_for_one_test(**options: Any) -> None:
        configure(**{**options, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", configure_for_one_test)
    yield
    plain_logs()
