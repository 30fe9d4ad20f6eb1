"""What a procedure measured, beside what it had to be."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured sentence and whether it holds; without a bound it is only told."""

    text: str
    bound: str = ""
    holds: bool = True


def at_most(what: str, value: float, bound: float, unit: str = "") -> Figure:
    """Return a figure that must not be larger."""
    return Figure(f"{what} {written(value)}{unit}", f"≤ {written(bound)}{unit}", value <= bound)


def at_least(what: str, value: float, bound: float, unit: str = "") -> Figure:
    """Return a figure that must not be smaller."""
    return Figure(f"{what} {written(value)}{unit}", f"≥ {written(bound)}{unit}", value >= bound)


def exactly(what: str, value: float, bound: float) -> Figure:
    """Return a figure that must be this number."""
    return Figure(f"{what} {written(value)}", f"= {written(bound)}", value == bound)


def none_of(what: str, found: Collection[object], among: int | None = None) -> Figure:
    """Return a figure for what must not be there; the first few that were found are named."""
    text = f"{len(found):,}" if among is None else f"{len(found):,} of {among:,}"
    shown = "; ".join(str(each) for each in sorted(map(str, found))[:_SHOWN])
    return Figure(f"{what}: {text}" + (f" ({shown})" if found else ""), "0", not found)


def told(text: str) -> Figure:
    """Return a figure without a bound."""
    return Figure(text)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that this share of them does not exceed; 0 where there are none."""
    ordered: Sequence[float] = sorted(values)
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def written(value: float) -> str:
    """Return a number as a person writes it."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3f}"
