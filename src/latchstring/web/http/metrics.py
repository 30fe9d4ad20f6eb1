"""``/metrics``: the numbers of all processes of a node, as Prometheus reads them.

No label holds anything that a client sent: routes are ours, and so are outcomes and names of
limits. So there are as many series as this file and the routes allow, and no secret among them.
"""

# ruff: noqa: PLC0415 - who shows no metrics shall not wait for what shows them

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of request durations, in seconds."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_PREFIX = "latchstring_"
_DURATION = ("request_seconds", "How long requests took, by route.")

COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "requests": ("Requests answered, by route and status.", ("route", "status")),
    "starts": ("Codes and links that were asked for.", ("connection", "outcome")),
    "verifies": ("Answers to them: codes typed, links pressed.", ("way", "outcome")),
    "deliveries": ("Attempts to hand over a message, by what came of it.", ("channel", "state")),
    "logout_notices": (
        "Tries to tell an application that somebody signed out, by what came of it.",
        ("state",),
    ),
    "limit_hits": ("Requests refused because a limit was used up.", ("limit",)),
    "unavailable": ("Requests that the database, or what else we need, failed.", ()),
    "busy": ("Requests refused because there was too much to do.", ()),
    "restarts": ("Server processes that were started again.", ()),
}
"""Sums over all processes: help, labels."""

PROCESS_COUNTERS: Mapping[str, str] = {"cpu_seconds": "Processor time, by process."}

GAUGES: Mapping[str, str] = {
    "outbox_queued": "Messages that wait or are being sent, counted up to 10,000.",
    "outbox_oldest_age_seconds": "How long the one that waits longest has waited.",
}
"""Of the whole installation, seen by one process of this node."""

PROCESS_GAUGES: Mapping[str, str] = {
    "connections": "Open connections, by process.",
    "requests_at_work": "Requests that were begun and not answered, by process.",
    "database_working": "Sessions with the database in use, by process.",
    "database_waiting": "Work that waits for its turn at the database, by process.",
    "resident_bytes": "Memory, by process.",
    "open_files": "Open files and connections, by process.",
}

Labels = tuple[str, ...]
Counters = dict[str, dict[Labels, float]]
"""By metric, then by the values of its labels."""


class Snapshot(msgspec.Struct, frozen=True):
    """A process's numbers at one moment."""

    counters: Counters = msgspec.field(default_factory=dict)
    durations: dict[str, list[float]] = msgspec.field(default_factory=dict)
    """By route: a count for each bucket and for what is slower, then the sum of seconds."""

    gauges: dict[str, float] = msgspec.field(default_factory=dict)

    def plus(self, other: "Snapshot") -> "Snapshot":
        """Return the sum of what only grows; gauges are of their own moment, and left out."""
        counters = {name: dict(values) for name, values in self.counters.items()}
        for name, values in other.counters.items():
            mine = counters.setdefault(name, {})
            for labels, value in values.items():
                mine[labels] = mine.get(labels, 0) + value
        durations = dict(self.durations)
        for route, found in other.durations.items():
            before = durations.get(route, [0.0] * len(found))
            durations[route] = [a + b for a, b in zip(before, found, strict=True)]
        return Snapshot(counters, durations)

    def plain(self) -> Mapping[str, Any]:
        """Return it as JSON has it."""
        counters = [
            [name, labels, value]
            for name, values in self.counters.items()
            for labels, value in values.items()
        ]
        return {"counters": counters, "durations": self.durations, "gauges": self.gauges}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Snapshot":
        """Return what ``plain`` was made of."""
        counters: Counters = {}
        for name, labels, value in plain["counters"]:
            counters.setdefault(name, {})[tuple(labels)] = value
        return cls(counters, plain["durations"], plain["gauges"])


class Numbers(msgspec.Struct, frozen=True):
    """All that a node shows: its processes, and which program on which database it is."""

    processes: Mapping[str, Snapshot]
    build: Mapping[str, str]

    def as_text(self) -> bytes:
        """Return them in Prometheus' text format."""
        from prometheus_client.exposition import generate_latest

        return generate_latest(self)

    def collect(self) -> Iterator["Metric"]:
        """Yield the metrics."""
        total = Snapshot()
        for snapshot in self.processes.values():
            total = total.plus(snapshot)
        yield from self._sums(total)
        yield from self._by_process()

    def _sums(self, total: Snapshot) -> Iterator["Metric"]:
        from prometheus_client.metrics_core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        build = GaugeMetricFamily(f"{_PREFIX}build_info", "The program.", labels=[*self.build])
        build.add_metric([*self.build.values()], 1)
        yield build
        for name, (about, labels) in COUNTERS.items():
            counter = CounterMetricFamily(_PREFIX + name, about, labels=labels)
            for values, count in _sorted(total.counters.get(name, {})):
                counter.add_metric(values, count)
            if not labels and not counter.samples:
                counter.add_metric([], 0)
            yield counter
        histogram = HistogramMetricFamily(_PREFIX + _DURATION[0], _DURATION[1], labels=["route"])
        for route, counts in sorted(total.durations.items()):
            histogram.add_metric([route], _cumulative(counts), counts[-1])
        yield histogram
        for name, about in GAUGES.items():
            gauge = GaugeMetricFamily(_PREFIX + name, about)
            for snapshot in self.processes.values():
                if name in snapshot.gauges:
                    gauge.add_metric([], snapshot.gauges[name])
            yield gauge

    def _by_process(self) -> Iterator["Metric"]:
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

        for name, about in PROCESS_COUNTERS.items():
            counter = CounterMetricFamily(_PREFIX + name, about, labels=["process"])
            for process, snapshot in self.processes.items():
                counter.add_metric([process], snapshot.counters.get(name, {}).get((), 0))
            yield counter
        for name, about in PROCESS_GAUGES.items():
            gauge = GaugeMetricFamily(_PREFIX + name, about, labels=["process"])
            for process, snapshot in self.processes.items():
                if name in snapshot.gauges:
                    gauge.add_metric([process], snapshot.gauges[name])
            yield gauge


def _sorted(values: Mapping[Labels, float]) -> Iterable[tuple[Labels, float]]:
    return sorted(values.items())


def _cumulative(counts: list[float]) -> list[tuple[str, float]]:
    found, so_far = [], 0.0
    for bound, count in zip([*map(str, BUCKETS), "+Inf"], counts[:-1], strict=True):
        so_far += count
        found.append((bound, so_far))
    return found
