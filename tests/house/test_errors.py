"""Every error of ours has its words in every dialect, and a sentence a person may read."""

import inspect

import pytest

from latchstring.base.errors import AppError
from latchstring.web.auth0 import errors as auth0
from latchstring.web.oidc import errors as oidc
from latchstring.web.pages import errors as pages
from tests.house.source import modules

DIALECTS = {"auth0": auth0.TABLE, "oidc": oidc.TABLE, "pages": pages.STATUSES}
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


def test_every_error_belongs_to_a_family():
    modules()
    strays = [kind for kind in AppError.__subclasses__() if kind not in FAMILIES]
    assert strays == []


def test_every_error_has_a_sentence_of_its_own():
    for kind in leaves():
        sentence = inspect.cleandoc(kind.__doc__ or "").splitlines()[0]
        assert sentence.endswith("."), kind.__qualname__
