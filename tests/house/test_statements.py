"""The SQL beside the rooms: all of it used, all of it valid, all of it common to both databases."""

import re

import apsw
import apsw.ext
import pytest

from latchstring.db import migrate, statements
from tests.house.source import PACKAGE, relative

FILES = sorted(path for path in PACKAGE.rglob("*.sql") if path.parent.name != "migrations")
# What does the work of a whole flow at once, which SQLite cannot; tests/db prepares it.
COMMON = [path for path in FILES if not path.stem.endswith("_at_once")]
USE = re.compile(r'\bSQL\[\s*"(\w+)"\s*\]')
# SQLite or PostgreSQL alone understand these; house SQL stays in what both do.
ONE_SIDED = re.compile(
    r"\b(json_\w+|strftime|datetime\(|unixepoch|rowid|ilike|now\(\)|insert or|serial)\b",
    re.IGNORECASE,
)
SEAM = "/*pg"
MOST_WITH_A_SEAM = 4


@pytest.fixture(scope="module")
def schema():
    """An empty database with every migration applied."""
    connection = apsw.Connection(":memory:")
    migrate.apply(connection)
    yield connection
    connection.close()


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_every_statement_is_used_and_every_use_has_a_statement(file):
    known = set(statements.parse(file.read_text(encoding="utf-8")))
    used = {
        name
        for module in file.parent.glob("*.py")
        for name in USE.findall(module.read_text("utf-8"))
    }
    neighbors = {
        name
        for other in file.parent.glob("*.sql")
        for name in statements.parse(other.read_text("utf-8"))
    }
    assert known - used == set(), "dead SQL"
    assert used - neighbors == set(), "no such statement"


@pytest.mark.parametrize("file", COMMON, ids=relative)
def test_every_statement_fits_the_schema(file, schema):
    for statement in statements.parse(file.read_text(encoding="utf-8")).values():
        try:
            apsw.ext.query_info(schema, statement.text)
        except apsw.SQLError as error:
            pytest.fail(f"{relative(file)}: {statement.name}: {error}")


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_every_statement_says_what_it_is_for(file):
    for statement in statements.parse(file.read_text(encoding="utf-8")).values():
        assert statement.text.startswith("-- "), f"{statement.name} has no line of purpose"


@pytest.mark.parametrize("file", COMMON, ids=relative)
def test_sql_stays_in_what_both_databases_understand(file):
    text = file.read_text(encoding="utf-8")
    sql = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert "select *" not in sql
    assert ONE_SIDED.findall(sql) == []


def test_few_statements_are_not_the_same_for_both_databases():
    known = [statements.parse(file.read_text(encoding="utf-8")).values() for file in FILES]
    divided = [each.name for found in known for each in found if SEAM in each.text]
    assert len(divided) <= MOST_WITH_A_SEAM, divided
