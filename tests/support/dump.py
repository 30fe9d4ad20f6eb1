"""What somebody holds who stole the database."""

import sqlite3
from contextlib import closing

from tests.support.house import House


def dump(house: House) -> str:
    """Return everything that the database holds, as SQL text."""
    with closing(sqlite3.connect(house.settings.database_path)) as connection:
        return "\n".join(connection.iterdump())


def rows(house: House, query: str) -> list[tuple[object, ...]]:
    """Return what a query finds; only for looking."""
    with closing(sqlite3.connect(house.settings.database_path)) as connection:
        return connection.execute(query).fetchall()
