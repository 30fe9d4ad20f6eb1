"""What races need."""

import pytest

from latchstring.db import database


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be sent away because the machine is busy: who wins is raced for, not when."""
    monkeypatch.setattr(database, "ANOTHER_WAIT_SECONDS", 60.0)
