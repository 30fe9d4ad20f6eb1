"""What one stretch of load came to; medians with their spread, percentiles, ratios."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One stretch of load."""

    logins: int
    seconds: float
    server: float
    """Seconds of CPU that the server's processes used."""
    database: float = 0.0
    """Seconds of CPU that the database's processes used; nothing where it lives in the server."""

    @property
    def rate(self) -> float:
        """Logins per second."""
        return self.logins / self.seconds

    @property
    def server_ms(self) -> float:
        """Milliseconds of the server's CPU per login."""
        return self.server / self.logins * 1000

    @property
    def database_ms(self) -> float:
        """Milliseconds of the database's CPU per login."""
        return self.database / self.logins * 1000

    @property
    def total_ms(self) -> float:
        """Milliseconds of CPU per login."""
        return self.server_ms + self.database_ms


Figure = Callable[[Measure], float]


def ratios(ours: Sequence[Measure], theirs: Sequence[Measure], figure: Figure) -> list[float]:
    """Return ours by theirs, round by round: what was measured one right after the other."""
    return [figure(a) / figure(b) for a, b in zip(ours, theirs, strict=True)]


def differences(ours: Sequence[Measure], theirs: Sequence[Measure], figure: Figure) -> list[float]:
    """Return ours less theirs, round by round."""
    return [figure(a) - figure(b) for a, b in zip(ours, theirs, strict=True)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return ``median (min to max)``; of a single value, the value."""
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value of the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(seconds: Sequence[float]) -> str:
    """Return ``p50/p95/p99`` in milliseconds; nothing of nothing."""
    if not seconds:
        return ""
    return "/".join(f"{percentile(seconds, share) * 1000:.1f}" for share in (0.5, 0.95, 0.99))
