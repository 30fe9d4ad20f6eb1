"""Rows for every table, made up from the schema: what a copy must bring over unchanged."""

# ruff: noqa: S608 - the names put into statements are those of our own schema

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from latchstring.db import file, shape
from latchstring.db.shape import Table

TEXTS = ("", "Zoë – 日本語 🙂", "a'b\"c;--", "line\nline\ttab", '{"a":[1,null]}', " ", "ÿ" * 300)
NUMBERS = (0, -1, 1_795_000_000_000, 2**63 - 1, -(2**63))

_CHECKED: dict[str, Callable[[int], str]] = {
    "channel": lambda number: ("email", "sms")[number % 2],
    "state": lambda number: ("queued", "handed_over", "failed", "suppressed")[number % 4],
}

_BY_KIND: dict[str, Callable[[int], object]] = {
    "boolean": lambda number: number % 2,
    "bigint": lambda number: NUMBERS[number % len(NUMBERS)],
    "double precision": lambda number: number / 7,
    "text": lambda number: f"{TEXTS[number % len(TEXTS)]}{number}",
}


def a_filled_database(path: Path, count: int = 25) -> Path:
    """Make a SQLite database of this version with so many rows in every table that takes them."""
    connection = file.connect(path)
    file.bring_up_to_date(connection, path)
    fill(connection, count)
    connection.close()
    return path


def fill(connection: apsw.Connection, count: int) -> None:
    """Put so many rows into every table but those of one row, parents first."""
    connection.execute("begin")
    for table in shape.tables_of(connection):
        if table.name in shape.SEEDED:
            continue
        needed = _needed(connection, table)
        marks = ", ".join("?" * len(table.columns))
        rows = [_row(table, needed, number) for number in range(count)]
        connection.executemany(f"insert into {table.name} values ({marks})", rows)
    connection.execute("update configuration_version set version = 7")
    connection.execute("commit")


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, in the order of their keys."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return {
            table.name: sorted(
                connection.execute(f"select {table.listed} from {table.name}"), key=table.key_of
            )
            for table in shape.tables_of(connection)
        }
    finally:
        connection.close()


def _needed(connection: apsw.Connection, table: Table) -> set[int]:
    found = connection.execute('select cid, "notnull" from pragma_table_info(?)', (table.name,))
    return {int(str(at)) for at, needed in found if needed} | set(table.key)


def _row(table: Table, needed: set[int], number: int) -> tuple[Any, ...]:
    return tuple(_value(table, at, number, needed=at in needed) for at in range(len(table.columns)))


def _value(table: Table, at: int, number: int, *, needed: bool) -> object:
    column = table.columns[at]
    name = f"{TEXTS[number % len(TEXTS)]}{number}"
    if at in table.key or column.name == "user_id":
        return name if column.kind == "text" else number
    if not needed and number % 3 == 0:
        return None
    if table.name == "messages" and column.name in _CHECKED:
        return _CHECKED[column.name](number)
    return _BY_KIND[column.kind](number + at)
