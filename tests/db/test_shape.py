"""The tables as the schema describes them: parents first, keys known, nothing left out unawares."""

import apsw
import pytest

from latchstring.db import migrate, shape

KINDS = {"bigint", "text", "boolean", "double precision"}


@pytest.fixture(scope="module")
def fresh():
    """A new database, with what its migrations put there."""
    connection = apsw.Connection(":memory:")
    migrate.apply(connection)
    yield connection
    connection.close()


def test_a_table_comes_after_those_it_refers_to():
    names = [table.name for table in shape.current_tables()]
    assert names.index("users") < names.index("identifiers")
    assert len(names) == len(set(names))


def test_every_table_is_copied_but_those_that_tell_of_one_database(fresh):
    every = {
        str(name)
        for (name,) in fresh.execute("select name from sqlite_master where type = 'table'")
    }
    assert every - {table.name for table in shape.tables_of(fresh)} == shape.NOT_OURS


def test_every_table_has_a_key_by_which_its_rows_are_found_again():
    assert [table.name for table in shape.current_tables() if not table.key] == []


def test_a_key_of_several_columns_keeps_their_order():
    found = {table.name: table for table in shape.current_tables()}
    key = [column.name for column in found["wrong_answers"].key_columns]
    assert key == ["identifier_digest", "browser", "hour_at"]
    row = tuple(range(len(found["wrong_answers"].columns)))
    assert len(found["wrong_answers"].key_of(row)) == 3


def test_the_types_are_those_that_both_databases_keep_alike():
    kinds = {column.kind for table in shape.current_tables() for column in table.columns}
    assert kinds <= KINDS


def test_the_tables_that_are_born_with_rows_are_known(fresh):
    filled = {
        table.name
        for table in shape.tables_of(fresh)
        if fresh.execute(f"select count(*) from {table.name}").fetchone() != (0,)  # noqa: S608 - our own names
    }
    assert filled == shape.SEEDED
