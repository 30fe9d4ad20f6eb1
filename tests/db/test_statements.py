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


# --- as PostgreSQL takes them -------------------------------------------------------------------


def numbered(text: str) -> tuple[str, tuple[str, ...]]:
    found = statements.numbered(text)
    return found.text, found.names


def test_parameters_are_numbered_in_the_order_of_their_first_use():
    assert numbered("select :b, :a, :b") == ("select $1, $2, $1", ("b", "a"))


def test_names_that_begin_alike_are_told_apart():
    assert numbered("select :now, :now_later, :n") == (
        "select $1, $2, $3",
        ("now", "now_later", "n"),
    )


def test_a_cast_and_a_colon_within_a_word_are_no_parameters():
    assert numbered("select '12:30'::text, a:b, :c") == ("select '12:30'::text, a:b, $1", ("c",))


def test_a_seam_is_uncovered_with_the_parameters_in_it():
    text = "select 1 from t where a = :a /*pg for update of t\nwhere b = :b */"
    assert numbered(text) == (
        "select 1 from t where a = $1 for update of t\nwhere b = $2",
        ("a", "b"),
    )


def test_comments_are_gone_and_what_they_say_is_no_parameter():
    text = "-- For :nobody, who said :so.\nselect :a\n    -- and :more\nfrom t"
    assert numbered(text) == ("select $1\n\nfrom t", ("a",))


def test_an_ordinary_comment_is_no_seam():
    assert numbered("select 1 /* pg is not meant */") == ("select 1 /* pg is not meant */", ())


def test_a_statement_without_parameters_stays_as_it_is():
    assert numbered("select 1") == ("select 1", ())
