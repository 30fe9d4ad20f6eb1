"""Fixtures that every floor's tests may ask for."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from latchstring.base.secrets import Keyring
from latchstring.db.sqlite import SqliteDatabase
from tests.support.clock import FixedClock
from tests.support.house import START_OF_TIME, House, a_house

FULL = os.environ.get("LATCHSTRING_TEST_PROFILE") == "full"

_QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("quick", deadline=None, max_examples=50, suppress_health_check=_QUIET)
settings.register_profile("full", deadline=None, max_examples=1000, suppress_health_check=_QUIET)
settings.load_profile("full" if FULL else "quick")


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that stands still."""
    return FixedClock(START_OF_TIME)


@pytest.fixture
def keyring() -> Keyring:
    """Return a keyring with one key."""
    return Keyring({1: b"k" * 32})


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """Open a fresh database with the current schema."""
    found = SqliteDatabase(tmp_path / "latchstring.db").open()
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
        if name != "LATCHSTRING_TEST_PROFILE":
            monkeypatch.delenv(name)
