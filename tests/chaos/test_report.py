"""What a run prints and leaves behind: nothing that fell short or did not run counts as passed."""

import pytest

from chaos import report
from chaos.figures import at_least, at_most, exactly, none_of, told
from chaos.registry import Procedure, procedures
from chaos.report import FAIL, PASS, WAITS, Result, line, summary, table

KILLED = Procedure(id="R-99", sentence="killed", bound="nothing lost")
FUTURE = Procedure(id="R-98", sentence="rotated", bound="all well", waits_for="issue 4")


@pytest.mark.parametrize(
    ("figure", "holds"),
    [
        (at_most("lost", 0, 0), True),
        (at_most("lost", 1, 0), False),
        (at_least("sent", 10, 10), True),
        (at_least("sent", 9, 10), False),
        (exactly("winners", 1, 1), True),
        (exactly("winners", 2, 1), False),
        (none_of("broken", []), True),
        (none_of("broken", ["one"]), False),
        (told("nothing to judge"), True),
    ],
)
def test_a_figure_knows_its_bound(figure, holds):
    assert figure.holds is holds


def test_one_figure_that_falls_short_fails_the_procedure():
    good, bad = exactly("winners", 1, 1), exactly("winners", 2, 1)
    assert Result(procedure=KILLED, figures=[good]).verdict == PASS
    assert Result(procedure=KILLED, figures=[good, bad]).verdict == FAIL


def test_trouble_and_silence_are_no_success():
    assert Result(procedure=KILLED, trouble="it ended").verdict == FAIL
    assert Result(procedure=KILLED).verdict == FAIL


def test_what_waits_is_told_with_its_reason_and_counted_apart():
    results = [Result(procedure=FUTURE), Result(procedure=KILLED, figures=[exactly("x", 1, 1)])]
    assert results[0].verdict == WAITS
    assert "issue 4" in line(results[0])
    assert summary(results).startswith("1 passed, 0 fell short, 1 wait")


def test_the_table_is_written_between_its_marks_and_nowhere_else(tmp_path, monkeypatch):
    page = tmp_path / "reliability.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)

    report.write([Result(procedure=KILLED, figures=[at_most("a|b", 1, 2)])], "python -m chaos")

    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "a/b 1 (≤ 2)" in text


def test_every_procedure_runs_or_says_what_it_waits_for():
    found = procedures()
    assert [each.id for each in found if bool(each.run) == bool(each.waits_for)] == []
    assert len(table([Result(procedure=each) for each in found])) == len(found) + 2
