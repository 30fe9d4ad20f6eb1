"""Numbers of several processes become one text that Prometheus reads."""

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from latchstring.web.http import metrics
from latchstring.web.http.metrics import BUCKETS, Numbers, Snapshot

BUILD = {"version": "1.2.3", "python": "3.11.7", "database": "postgresql"}
START = "/passwordless/start"


def shown(**processes: Snapshot) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What Prometheus reads: values by name and labels."""
    text = Numbers(processes, BUILD).as_text().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


def labelled(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return f"latchstring_{name}", frozenset(labels.items())


def durations(*counts: int, seconds: float) -> list[float]:
    return [*map(float, counts), *[0.0] * (len(BUCKETS) + 1 - len(counts)), seconds]


def test_counts_are_added_up():
    one = Snapshot({"requests": {(START, "200"): 3, (START, "429"): 1}})
    other = Snapshot({"requests": {(START, "200"): 4}, "unavailable": {(): 2}})

    found = shown(a=one, b=other)

    assert found[labelled("requests_total", route=START, status="200")] == 7
    assert found[labelled("requests_total", route=START, status="429")] == 1
    assert found[labelled("unavailable_total")] == 2


def test_durations_are_added_up_and_cumulate():
    one = Snapshot(durations={START: durations(1, 2, seconds=0.02)})
    other = Snapshot(durations={START: durations(0, 1, 1, seconds=0.03)})

    found = shown(a=one, b=other)

    counts = [
        found[labelled("request_seconds_bucket", route=START, le=str(bound))] for bound in BUCKETS
    ]
    assert counts == [1, 4, 5, 5, 5, 5, 5, 5, 5, 5]
    assert found[labelled("request_seconds_bucket", route=START, le="+Inf")] == 5
    assert found[labelled("request_seconds_count", route=START)] == 5
    assert found[labelled("request_seconds_sum", route=START)] == pytest.approx(0.05)


def test_each_process_has_its_own_state_and_the_outbox_is_one():
    one = Snapshot({"cpu_seconds": {(): 1.5}}, gauges={"resident_bytes": 10.0, "outbox_queued": 7})
    other = Snapshot({"cpu_seconds": {(): 2.5}}, gauges={"resident_bytes": 20.0})

    found = shown(a=one, b=other)

    assert found[labelled("resident_bytes", process="a")] == 10
    assert found[labelled("resident_bytes", process="b")] == 20
    assert found[labelled("cpu_seconds_total", process="b")] == 2.5
    assert found[labelled("outbox_queued")] == 7


def test_what_was_never_counted_is_nought_and_the_program_says_what_it_is():
    found = shown(a=Snapshot())

    assert found[labelled("unavailable_total")] == 0
    assert found[labelled("busy_total")] == 0
    assert found[labelled("build_info", **BUILD)] == 1


def test_a_sum_leaves_its_parts_as_they_were():
    one = Snapshot({"requests": {("/", "200"): 1}}, {"/": durations(1, seconds=1)}, {"x": 1})
    other = Snapshot({"requests": {("/", "200"): 2}}, {"/": durations(2, seconds=2)})

    total = one.plus(other)

    assert total.counters["requests"]["/", "200"] == 3
    assert total.durations["/"][0] == 3
    assert total.gauges == {}
    assert one.counters["requests"]["/", "200"] == 1
    assert one.durations["/"][0] == 1


def test_a_snapshot_travels():
    sent = Snapshot({"starts": {("email", "done"): 2}}, {"/": durations(1, seconds=1)}, {"x": 1.5})

    assert Snapshot.of(json.loads(json.dumps(sent.plain()))) == sent


def test_every_label_and_metric_is_one_of_a_few():
    assert set(metrics.COUNTERS).isdisjoint(metrics.GAUGES)
    assert set(metrics.PROCESS_COUNTERS).isdisjoint(metrics.COUNTERS)
    labels = {label for _, names in metrics.COUNTERS.values() for label in names}
    assert labels == {
        "route", "status", "connection", "outcome", "way", "channel", "state", "limit",
    }  # fmt: skip
