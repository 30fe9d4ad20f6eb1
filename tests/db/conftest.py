"""PostgreSQL for what copies rows into it."""

from collections.abc import Iterator

import pytest

from latchstring.db.opening import open_url
from tests.support.databases import Databases, the_suites_databases


@pytest.fixture(scope="session")
def postgresql(worker_id: str) -> Iterator[Databases]:
    """Lend databases that have the current schema."""
    with the_suites_databases(prepare, f"db_{worker_id}") as found:
        yield found


async def prepare(url: str) -> None:
    """Bring a database's schema up to date."""
    await (await open_url(url)).close()


@pytest.fixture
def postgresql_url(postgresql: Databases) -> Iterator[str]:
    """Return the URL of an empty database."""
    with postgresql.a_database() as url:
        yield url
