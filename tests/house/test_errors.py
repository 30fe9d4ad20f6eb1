"""Every error of ours has its words in every dialect, and a sentence a person may read."""

import inspect
from collections.abc import Mapping
from typing import Any

import pytest

from latchstring.base.errors import AppError, TooManyRequests, Unavailable
from latchstring.web.auth0 import errors as auth0
from latchstring.web.oidc import errors as oidc
from latchstring.web.pages import errors as pages
from tests.house.source import modules

DIALECTS: dict[str, Mapping[type[AppError], Any]] = {
    "auth0": auth0.TABLE,
    "oidc": oidc.TABLE,
    "pages": pages.STATUSES,
}
FAMILIES = [kind for kind in AppError.__subclasses__() if kind.__module__ == AppError.__module__]


def leaves() -> list[type[AppError]]:
    """Every class of error in the program."""
    modules()
    found: list[type[AppError]] = []
    waiting = list(FAMILIES)
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_family_of_errors_has_a_row_in_every_dialect(dialect):
    assert [kind.__name__ for kind in FAMILIES if kind not in DIALECTS[dialect]] == []


def status_in(dialect: str, kind: type[AppError]) -> int:
    """The status that a dialect answers a kind of error with, by its own row or its family's."""
    table = DIALECTS[dialect]
    row = next(table[found] for found in kind.__mro__ if found in table)
    if isinstance(row, int):
        return row
    return row.status if isinstance(row, oidc.Row) else row[0]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_error_that_we_know_looks_like_a_bug_of_ours(dialect):
    assert [kind.__name__ for kind in leaves() if status_in(dialect, kind) == 500] == []


def test_what_http_itself_refuses_has_one_status_in_every_dialect():
    ours = [kind for kind in leaves() if kind.__module__.startswith("latchstring.web.http.")]
    ours += [TooManyRequests, Unavailable]
    assert len(ours) > 5
    for kind in ours:
        assert len({status_in(dialect, kind) for dialect in DIALECTS}) == 1, kind.__name__


def test_every_error_belongs_to_a_family():
    modules()
    strays = [kind for kind in AppError.__subclasses__() if kind not in FAMILIES]
    assert strays == []


def test_every_error_has_a_sentence_of_its_own():
    for kind in leaves():
        sentence = inspect.cleandoc(kind.__doc__ or "").splitlines()[0]
        assert sentence.endswith("."), kind.__qualname__
