"""How much of a procedure is run: all that it promises, or enough to see that it holds."""

from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scale:
    """The counts of a run, and how strictly it takes time."""

    name: str
    is_full: bool
    patience: float
    """Factor on every bound on time: a short run may share its machine with anybody."""

    stretch: float = 1.0
    """Factor on how long a full run waits where only time passes (outages, soaking)."""

    def pick(self, *, short: T, full: T) -> T:
        """Return what this scale uses."""
        return full if self.is_full else short

    def seconds(self, *, short: float, full: float) -> float:
        """Return how long something lasts."""
        return full * self.stretch if self.is_full else short


FULL = Scale("full", is_full=True, patience=1.0)
SHORT = Scale("short", is_full=False, patience=10.0)
