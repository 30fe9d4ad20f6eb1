"""A house that opens quickly, for tests that drive handlers in process."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from latchstring.web.http import application
from tests.support.house import House
from tests.support.quick_house import a_quick_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Open a whole installation in this process."""
    async with a_quick_house(tmp_path) as found:
        yield found


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Collect what requests log, instead of writing it."""
    monkeypatch.setattr(application, "logger", structlog.get_logger())
    with capture_logs([merge_contextvars]) as lines:
        yield lines
