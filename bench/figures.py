"""Medians with their spread, and percentiles."""

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return ``median (min to max)``; of a single value, the value."""
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def milliseconds(seconds: Sequence[float]) -> str:
    """Return ``p50/p95/p99`` in milliseconds."""
    ordered = sorted(seconds)
    return "/".join(f"{_percentile(ordered, share) * 1000:.1f}" for share in (0.5, 0.95, 0.99))


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Return the nearest rank."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
