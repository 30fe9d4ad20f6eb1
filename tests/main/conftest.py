"""A PostgreSQL server of one's own, for tests of what goes on around one."""

from collections.abc import Iterator

import pytest

from tests.support.postgresql import NO_HURRY_TO_DISK, Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Run a PostgreSQL server."""
    with Cluster({**NO_HURRY_TO_DISK, "synchronous_commit": "on"}, tcp=True) as found:
        yield found
