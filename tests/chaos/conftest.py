"""One PostgreSQL for the procedures that leave it alone."""

from collections.abc import Iterator

import pytest

from chaos.running import a_cluster
from tests.support.postgresql import Cluster


@pytest.fixture(scope="session")
def production_like() -> Iterator[Cluster]:
    """Return a server that answers as one in production, with its commits written.

    The suite's own has ``synchronous_commit`` off, which is refused. Nobody cuts the power.
    """
    with a_cluster(fsync="off") as cluster:
        yield cluster
