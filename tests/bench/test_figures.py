"""What the tables say of what was measured."""

from pathlib import Path

import pytest

from bench.comparisons import compared
from bench.figures import Measure, milliseconds, ratios, spread
from bench.goals import judged
from bench.load import Window
from bench.plan import Line, Plan, Result
from bench.report.document import BEGIN, END, replaced
from bench.report.plot import svg

PLAN = Plan(
    folder=Path(),
    heats=(),
    seconds=1,
    warm_up=0,
    rounds=3,
    users=(8, 32),
    cold_starts=0,
    people=(100_000,),
    peers=True,
)


def of(*milliseconds_per_login: float) -> list[Measure]:
    return [
        Measure(logins=1000, seconds=1, server=each * 0.75, database=each * 0.25)
        for each in milliseconds_per_login
    ]


def a_line(key: str, *at_32: float) -> Line:
    line = Line(key=key, name=f"<{key}>", kind="PostgreSQL", people=1000)
    line.measures = {8: of(*[100.0] * len(at_32)), 32: of(*at_32)}
    return line


def test_cpu_per_login_is_the_servers_and_the_databases():
    measure = Measure(logins=500, seconds=2.5, server=0.4, database=0.1)
    assert (measure.rate, measure.server_ms, measure.database_ms) == (200, 0.8, 0.2)
    assert measure.total_ms == pytest.approx(1.0)


def test_a_figure_comes_with_its_spread():
    assert spread([3.0, 1.0, 2.0]) == "2.00 (1.00 to 3.00)"
    assert spread([1.5], 1) == "1.5"


def test_percentiles_are_those_of_the_nearest_rank():
    assert milliseconds([n / 1000 for n in range(100)]) == "50.0/95.0/99.0"


def test_ratios_are_made_round_by_round():
    # A machine that is half as fast in one round is so for both, and the ratio does not see it.
    assert ratios(of(1, 2, 1), of(5, 10, 5), lambda m: m.total_ms) == pytest.approx([0.2] * 3)


@pytest.mark.parametrize(("ours", "met"), [((0.9, 1.0, 9.0), True), ((0.9, 1.1, 1.2), False)])
def test_a_goal_is_judged_by_the_median_at_most_users(ours: tuple[float, ...], met: bool):
    lines = (a_line("lean/postgresql", *ours), a_line("better-auth/postgresql", 5, 5, 5))
    (goal,) = judged(PLAN, Result(lines={line.key: line for line in lines}))
    assert (goal.goal, goal.is_met) == ("lean by better-auth, PostgreSQL", met)


def test_more_people_are_judged_by_few():
    lines = (a_line("lean/sqlite", 1, 1, 1), a_line("lean/sqlite/100000", 1.1, 1.3, 1.3))
    (goal,) = judged(PLAN, Result(lines={line.key: line for line in lines}))
    assert goal.values == pytest.approx([1.1, 1.3, 1.3])
    assert not goal.is_met


def test_ways_to_tokens_are_compared_round_by_round_without_a_goal():
    lines = (a_line("code-flow-es256/sqlite", 3, 4, 9), a_line("otp-es256/sqlite", 1, 2, 3))
    result = Result(lines={line.key: line for line in lines})

    (pair,) = compared(PLAN, result)

    assert (pair.what, pair.kind) == ("code flow by OTP grant, ES256", "PostgreSQL")
    assert pair.times == pytest.approx([3, 2, 3])
    assert pair.more_ms == pytest.approx([2, 2, 6])
    assert list(judged(PLAN, result)) == []


def test_what_nobody_waited_for_has_no_percentiles():
    assert milliseconds([]) == ""


def test_two_nodes_are_judged_by_their_rate():
    one, two = a_line("one node", 1, 1, 1), a_line("two nodes", 1, 1, 1)
    two.measures[32] = [Measure(logins=1900, seconds=1, server=1) for _ in range(3)]
    (goal,) = judged(PLAN, Result(lines={line.key: line for line in (one, two)}))
    assert goal.values == [1.9, 1.9, 1.9]
    assert goal.is_met


def test_a_mail_is_judged_by_both_of_its_halves_and_by_its_slowest_twentieth():
    line = a_line("es256/sqlite", 1)
    line.starts = Window(handovers=[0.1] * 94 + [2.0] * 6)
    result = Result(lines={line.key: line}, mail={"render": 300, "hand over": 150})
    found = {goal.goal.partition(",")[0]: goal for goal in judged(PLAN, result)}
    assert not found["CPU per mail handed to SMTP"].is_met
    assert found["mail in the relay after its request at 500/s"].values == [2.0]


def test_the_plot_has_a_bar_for_everybody_and_escapes_names():
    drawing = svg(PLAN, Result(lines={"a": a_line("a", 4, 4, 4), "b": a_line("b", 2, 2, 2)}))
    assert "&lt;a&gt;" in drawing
    assert ">4.00<" in drawing
    assert 'width="420.0"' in drawing  # three quarters of the longest bar are the server's
    assert 'width="210.0"' in drawing


def test_the_document_keeps_everything_around_its_marks():
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    found = replaced(text, ["new"])
    assert found == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert replaced(found, ["new"]) == found


def test_a_document_without_marks_is_refused():
    with pytest.raises(ValueError, match="marks"):
        replaced(f"before\n{END}\n{BEGIN}\n", ["new"])
