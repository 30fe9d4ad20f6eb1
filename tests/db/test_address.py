"""Where a PostgreSQL database is: every part of the URL arrives, the password nowhere else."""

import pytest

from latchstring.base.settings_urls import database_url
from latchstring.db.address import Address

WHOLE = "postgresql://latch:a%20secret%2F@db.example:5433/latchstring?sslmode=verify-full"


def arguments(url: str) -> dict[str, object]:
    """How the driver is told, less what is not said."""
    told = Address.of(database_url(url)).as_arguments()
    return {name: value for name, value in told.items() if value is not None}


def test_every_part_arrives():
    assert arguments(WHOLE) == {
        "host": "db.example",
        "port": 5433,
        "user": "latch",
        "password": "a secret/",
        "database": "latchstring",
        "ssl": "verify-full",
    }


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("postgresql:///app", {"host": "127.0.0.1", "port": 5432}),
        ("postgresql://db/app", {"host": "db", "port": 5432}),
        ("postgresql://me@db/app", {"host": "db", "port": 5432, "user": "me"}),
        ("postgresql://[::1]:7/app", {"host": "::1", "port": 7}),
        ("postgresql:///app?host=/run/postgresql", {"host": "/run/postgresql", "port": 5432}),
        ("postgresql://%2Frun%2Fpg/app", {"host": "/run/pg", "port": 5432}),
        (
            "postgresql://me@/app?host=/run/pg&port=6432",
            {"host": "/run/pg", "port": 6432, "user": "me"},
        ),
        ("postgresql:///app?user=me", {"host": "127.0.0.1", "port": 5432, "user": "me"}),
    ],
)
def test_what_is_not_said_is_the_usual(url, parts):
    assert arguments(url) == {**parts, "database": "app"}


def test_the_name_of_a_database_may_need_quotes():
    assert Address.of(database_url("postgresql:///my%20app")).database == "my app"


@pytest.mark.parametrize(
    ("url", "pooled"),
    [
        ("postgresql:///app", False),
        ("postgresql:///app?pooler=transaction", True),
        ("postgresql://u@db:6432/app?pooler=transaction&sslmode=require", True),
    ],
)
def test_a_pooler_in_between_is_told(url, pooled):
    assert Address.of(database_url(url)).pooled is pooled


def test_the_password_is_shown_to_nobody():
    address = Address.of(WHOLE)

    assert str(address) == "latchstring at db.example:5433"
    assert "secret" not in repr(address)
