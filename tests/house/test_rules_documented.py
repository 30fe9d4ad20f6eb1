"""The table of the eight rules points at tests that exist and at code that is there."""

import re

from tests.house.source import ROOT

PAGE = ROOT / "docs" / "rules.md"


def test_every_rule_has_its_sentence_its_tests_and_its_code():
    rows = re.findall(r"^\| (R\d) \|(.*)\|(.*)\|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [name for name, *_ in rows] == [f"R{number}" for number in range(1, 9)]
    for _, sentence, tests, code in rows:
        assert sentence.strip().endswith(".")
        assert "`test_" in tests
        assert "](../src/" in code


def test_every_test_that_it_names_exists():
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    files = (ROOT / "tests").rglob("test_*.py")
    source = "\n".join(path.read_text("utf-8") for path in files)
    assert {name for name in named if f"def {name}(" not in source} == set()
