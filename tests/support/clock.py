"""A clock that stands still until it is told to move on."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class FixedClock:
    """Tells one moment; ``advance`` moves it."""

    at: datetime

    def now(self) -> datetime:
        """Return the moment."""
        return self.at

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds."""
        self.at += timedelta(seconds=seconds)
