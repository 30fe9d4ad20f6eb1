"""One PostgreSQL for the procedures that leave it alone."""

from collections.abc import Iterator

import pytest

from chaos.running import a_cluster
from tests.support.postgresql import Cluster


@pytest.fixture(scope="session")
def production_like() -> Iterator[Cluster]:
    """Return a server with the durability that is promised: the suite's own has none."""
    with a_cluster() as cluster:
        yield cluster
