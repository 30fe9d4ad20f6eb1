"""A house that opens quickly, for tests that drive handlers in process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.house import House
from tests.support.quick_house import a_quick_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Open a whole installation in this process."""
    async with a_quick_house(tmp_path) as found:
        yield found
