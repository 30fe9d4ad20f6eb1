"""What one process counts of its own work: plain numbers, added up by whoever shows them.

Nothing is formatted, locked or written on the way of a request; that costs a few tenths of a
microsecond. A snapshot is made when somebody looks, or once a second for a supervisor.
"""

import os
import resource
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec

from latchstring.base.errors import AppError, TooManyRequests, Unavailable
from latchstring.web.http.metrics import BUCKETS, Counters, Labels, Snapshot

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Tally(msgspec.Struct, eq=False):
    """The numbers of this process."""

    _counts: dict[tuple[str, Labels], int] = msgspec.field(default_factory=lambda: defaultdict(int))
    _answered: dict[tuple[str, int], int] = msgspec.field(default_factory=lambda: defaultdict(int))
    _durations: dict[str, list[float]] = msgspec.field(default_factory=dict)
    _gauges: dict[str, Callable[[], float]] = msgspec.field(default_factory=dict)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._answered[route, status] += 1
        found = self._durations.get(route)
        if found is None:
            found = self._durations[route] = [0.0] * (len(BUCKETS) + 2)
        found[bisect_left(BUCKETS, seconds)] += 1
        found[-1] += seconds

    def failed(self, error: AppError) -> None:
        """Count what stood in the way of a request."""
        if isinstance(error, TooManyRequests):
            self.count("limit_hits", error.limit)
        elif isinstance(error, Unavailable):
            self.count("unavailable")

    def count(self, name: str, *labels: str) -> None:
        """Count one more of something."""
        self._counts[name, labels] += 1

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Have a number read whenever somebody looks."""
        self._gauges[name] = read

    def snapshot(self) -> Snapshot:
        """Return the numbers as they are now; also from another thread."""
        requests: dict[Labels, float] = {
            (route, str(status)): n for (route, status), n in list(self._answered.items())
        }
        usage = resource.getrusage(resource.RUSAGE_SELF)
        counters: Counters = {
            "requests": requests,
            "cpu_seconds": {(): usage.ru_utime + usage.ru_stime},
        }
        for (name, labels), value in list(self._counts.items()):
            counters.setdefault(name, {})[labels] = value
        durations = {route: [*values] for route, values in list(self._durations.items())}
        gauges = {name: read() for name, read in self._gauges.items()}
        gauges["resident_bytes"] = float(_resident())
        gauges["open_files"] = float(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - a count
        return Snapshot(counters, durations, gauges)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
