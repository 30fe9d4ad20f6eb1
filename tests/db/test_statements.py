"""Named SQL from files."""

import pytest

from latchstring.db import statements

SOURCE = """
-- columns --
-- What there is.
id, name

-- find --
-- One.
select {columns} from things

-- drop --
-- None.
delete from things
"""


def test_statements_have_names_and_share_their_columns():
    found = statements.parse(SOURCE)

    assert set(found) == {"find", "drop"}
    assert found["find"].text == "-- One.\nselect id, name from things"
    assert found["drop"].name == "drop"


def test_a_name_that_is_used_twice_is_refused():
    with pytest.raises(ValueError, match="used twice"):
        statements.parse(SOURCE + SOURCE)


def test_statements_are_found_by_identity():
    first, second = (statements.parse(SOURCE)["find"] for _ in range(2))

    assert first != second
    assert len({first, second}) == 2


def test_a_package_without_statements_says_so():
    with pytest.raises(FileNotFoundError):
        statements.load("latchstring.base")
