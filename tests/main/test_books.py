"""Counts of several processes only grow, whoever of them ends."""

from latchstring.main.books import SUPERVISOR, Books
from latchstring.web.http.metrics import Snapshot


def numbers(count: int, memory: int) -> Snapshot:
    return Snapshot({"starts": {("email", "done"): count}}, {}, {"resident_bytes": memory})


def test_what_a_process_had_counted_stays_when_another_takes_its_place():
    books = Books()
    books.note(0, numbers(3, 10))
    books.note(1, numbers(5, 10))
    books.note(0, numbers(4, 11))
    books.close(0)
    books.own.count("restarts")

    gone = books.read()
    assert gone["0"].counters["starts"] == {("email", "done"): 4}
    assert gone["0"].gauges == {}

    books.note(0, numbers(2, 9))
    found = books.read()
    assert found["0"] == Snapshot({"starts": {("email", "done"): 6}}, {}, {"resident_bytes": 9})
    assert found["1"] == numbers(5, 10)
    assert found[SUPERVISOR].counters["restarts"] == {(): 1}


def test_who_never_said_anything_changes_nothing():
    books = Books()
    books.close(3)

    assert set(books.read()) == {SUPERVISOR}
