"""What a run prints and leaves behind: nothing that fell short or did not run counts as passed."""

import dataclasses

import pytest

from chaos import report
from chaos.databases import POSTGRESQL, SQLITE
from chaos.figures import at_least, at_most, exactly, none_of, told
from chaos.registry import Procedure, procedures
from chaos.report import FAIL, PASS, WAITS, Result, line, summary, table

KILLED = Procedure(id="R-99", sentence="killed", bound="nothing lost")
FUTURE = Procedure(id="R-98", sentence="rotated", bound="all well", waits_for="no tokens yet")


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
    assert "no tokens yet" in line(results[0])
    assert summary(results).startswith("1 passed, 0 fell short, 1 wait")


def test_the_table_is_written_between_its_marks_and_nowhere_else(tmp_path, monkeypatch):
    page = tmp_path / "reliability.md"
    text = f"before\n{report.BEGIN}\nan earlier one\n{report.END}\nafter\n"
    page.write_text(text, encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)

    report.write([Result(procedure=KILLED, figures=[at_most("a|b", 1, 2)])], "all", anew=True)

    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "an earlier one" not in text
    assert "| nothing lost | a/b 1 (≤ 2) |" in text


def test_what_ran_once_more_has_a_new_row_and_the_others_keep_theirs(tmp_path, monkeypatch):
    page = tmp_path / "reliability.md"
    page.write_text(f"before\n{report.BEGIN}\n{report.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    first = [
        Result(procedure=KILLED, database=kind, figures=[at_most("cut", 3, 2)])
        for kind in (POSTGRESQL, SQLITE)
    ]
    report.write(first, "all", anew=True)

    again = Result(procedure=KILLED, database=SQLITE, figures=[at_most("cut", 1, 2)])
    report.write([again], "some", anew=False)

    text = page.read_text(encoding="utf-8")
    assert text.count("| !! cut 3 (≤ 2) | FAIL |") == 1
    assert text.count("| cut 1 (≤ 2) | pass |") == 1
    assert "`all`:" in text
    assert "Then again: `some`; 1 passed" in text
    assert "\n\n\n" not in text
    assert text.endswith("\nafter\n")


def test_what_is_new_has_its_row_where_it_belongs(tmp_path, monkeypatch):
    page = tmp_path / "reliability.md"
    page.write_text(f"before\n{report.BEGIN}\n{report.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    ids = {name: dataclasses.replace(KILLED, id=name) for name in ("R-01", "R-02", "R-03")}
    report.write(
        [Result(procedure=ids[name], database=SQLITE, figures=[]) for name in ("R-01", "R-03")],
        "all",
        anew=True,
    )

    newer = [
        Result(procedure=ids["R-02"], database=kind, figures=[]) for kind in (POSTGRESQL, SQLITE)
    ]
    report.write(newer, "some", anew=False)

    rows = [row for row in page.read_text(encoding="utf-8").splitlines() if row.startswith("| R-")]
    assert [row.split("|")[1:3] for row in rows] == [
        [" R-01 ", " sqlite "],
        [" R-02 ", " sqlite "],
        [" R-02 ", " postgresql "],
        [" R-03 ", " sqlite "],
    ]


def test_without_a_table_all_of_it_has_to_run_first(tmp_path, monkeypatch):
    page = tmp_path / "reliability.md"
    page.write_text(f"before\n{report.BEGIN}\n{report.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)

    with pytest.raises(LookupError):
        report.write([Result(procedure=KILLED, figures=[])], "another", anew=False)


def test_the_table_says_what_must_hold_and_what_is_done_on_this_database():
    procedure = Procedure(
        id="R-97",
        sentence="two nodes",
        bound="both ≤ 1 s",
        on_sqlite="one node",
        bound_on_sqlite="it ≤ 2 s",
    )
    *_, server, file = table(
        [Result(procedure=procedure, database=kind) for kind in (POSTGRESQL, SQLITE)]
    )

    assert server.startswith("| R-97 | postgresql | two nodes | both ≤ 1 s |")
    assert file.startswith("| R-97 | sqlite | one node | it ≤ 2 s |")


def test_where_nothing_differs_one_sentence_serves_both():
    for kind in (POSTGRESQL, SQLITE, ""):
        assert KILLED.sentence_for(kind) == "killed"
        assert KILLED.bound_for(kind) == "nothing lost"


def test_every_procedure_runs_or_says_what_it_waits_for():
    found = procedures()
    assert [each.id for each in found if bool(each.run) == bool(each.waits_for)] == []
    assert len(table([Result(procedure=each) for each in found])) == len(found) + 2
