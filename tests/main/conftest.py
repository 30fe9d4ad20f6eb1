"""PostgreSQL for servers that run as processes of their own."""

import secrets
from collections.abc import Iterator

import pytest

from tests.support.postgresql import NO_HURRY_TO_DISK, Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Run a PostgreSQL server."""
    # The program takes no database that says it forgets; without fsync it need not hurry either.
    with Cluster({**NO_HURRY_TO_DISK, "synchronous_commit": "on"}, tcp=True) as found:
        yield found


@pytest.fixture
def postgresql_url(cluster: Cluster) -> str:
    """Return the URL of an empty database."""
    return cluster.create_database(f"main_{secrets.token_hex(6)}")
