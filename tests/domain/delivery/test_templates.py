"""Forms: what is between the gaps stays, what goes into them goes nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader

from latchstring.domain.delivery.templates import Templates, _environment, untranslated


def templates(**sources):
    """Templates of the test's own; ``html`` is named so."""
    found = Templates()
    environment = _environment(untranslated("en"))
    environment.loader = DictLoader({name.replace("_", "."): it for name, it in sources.items()})
    found._environments["en"] = environment
    return found


def form(name, source, **lengths):
    return templates(**{name: source}).form(
        name.replace("_", "."), "en", steady={}, lengths=lengths
    )


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_value_goes_where_the_template_prints_it(one, two):
    source = "{{ a }}{{ b }}, {{ a }}{{ a }}."
    filled = form("x_txt", source, a=len(one), b=len(two)).fill({"a": one, "b": two})
    assert filled == f"{one}{two}, {one}{one}."


def test_html_is_escaped():
    values = {"a": "<&\"'>"}
    assert form("x_html", "<b>{{ a }}</b>", a=5).fill(values) == "<b>&lt;&amp;&#34;&#39;&gt;</b>"
    assert form("x_txt", "<b>{{ a }}</b>", a=5).fill(values) == "<b><&\"'></b>"


def test_a_template_may_ask_for_a_length():
    source = "{{ 'long' if a | length > 3 else 'short' }}: {{ a }}"
    assert form("x_txt", source, a=4).fill({"a": "1234"}) == "long: 1234"
    assert form("x_txt", source, a=3).fill({"a": "123"}) == "short: 123"


def test_a_value_of_no_length_is_nothing():
    assert form("x_txt", "{% if a %}{{ a }}{% else %}none{% endif %}", a=0).fill({}) == "none"


@pytest.mark.parametrize(
    "source", ["{{ a[:2] }}", "{{ a[0] }}-{{ a[1:] }}", "{{ a | truncate(3, true, '', 0) }}"]
)
def test_a_template_that_cuts_a_value_up_is_refused(source):
    with pytest.raises(ValueError, match="more with a varying value than print it"):
        form("x_txt", source, a=6)


def test_two_values_do_not_run_into_each_other():
    assert form("x_txt", "{{ a }}{{ a }}{{ b }}", a=2, b=1).fill({"a": "bb", "b": "a"}) == "bbbba"


def test_forms_do_not_pile_up(monkeypatch):
    monkeypatch.setattr("latchstring.domain.delivery.templates._KEPT", 3)
    found = templates(x_txt="{{ name }}: {{ a }}")
    for number in range(10):
        name = f"Application {number}"
        filled = found.fill("x.txt", "en", steady={"name": name}, varying={"a": str(number)})
        assert filled == f"{name}: {number}"
        assert len(found._forms) <= 3
