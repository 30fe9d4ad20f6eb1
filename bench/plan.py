"""How long to measure what, and what came of it."""

from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Measure
from bench.load import Window


class BenchFailed(Exception):
    """A figure could not be trusted, so there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run of the bench."""

    folder: Path
    heats: tuple[str, ...]
    seconds: float
    """Of load per measurement."""
    warm_up: float
    """Seconds before the first one."""
    rounds: int
    users: tuple[int, ...]
    """Virtual users; the last number is the one that goals are judged by."""
    cold_starts: int
    people: tuple[int, ...]
    """How many people the product's databases hold: one contestant for each."""
    peers: bool
    """Whether the peers take part; without them there are no goals."""


@dataclass(slots=True, kw_only=True)
class Line:
    """What was measured of one entrant."""

    key: str
    name: str
    kind: str
    people: int
    measures: dict[int, list[Measure]] = field(default_factory=dict)
    """By virtual users, a measure per round."""
    half_rate: float = 0.0
    half: Window | None = None
    """An open loop at half of the saturation."""
    starts: Window | None = None
    """An open loop of starts alone, each handing a mail over."""
    cold_starts: list[float] = field(default_factory=list)
    memory_idle: float = 0.0
    memory_after: float = 0.0


@dataclass(slots=True, kw_only=True)
class Result:
    """Everything that was measured."""

    lines: dict[str, Line] = field(default_factory=dict)
    mail: dict[str, float] = field(default_factory=dict)
    """Microseconds of CPU by name: what a mail costs by itself."""
